//! What the gate and the status make of the places that the booking API counts.

use waiting_room::view::{Phase, Standing};

use crate::harness::{ROOM, Town, join, join_many, poll, redeem};

/// P18: before the opening nothing is released, and the booking API counts no places. That is no news for the
/// time after it.
#[tokio::test]
async fn a_report_from_before_the_opening_is_unknown_not_zero() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    join_many(&instance, 20).await;
    town.pass_s(59);
    instance.report(ROOM, town.counted(0)).await.expect("taken over");
    town.pass_s(1);
    instance.renew().await;
    let view = instance.view(ROOM).expect("room");
    assert_eq!((view.phase, view.places_left()), (Phase::Open, None));
    assert!(view.state.memory.called.total() > 0, "people are called at once");
}

/// P18: when nothing is left nobody is called; but a last zero, after which no report comes, does not mean sold
/// out for ever.
#[tokio::test]
async fn a_last_zero_does_not_last_for_ever() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    join_many(&instance, 20).await;
    town.pass_s(60);
    // The report reaches the store before anybody is called.
    instance.report(ROOM, town.counted(0)).await.expect("taken over");
    instance.renew().await;
    let called = async || town.truth().await.expect("known").memory.called.total();
    assert_eq!(called().await, 0);
    town.pass_renewing(20, &instance).await;
    assert_eq!(instance.view(ROOM).expect("room").phase, Phase::SoldOut);
    assert_eq!(called().await, 0, "nobody is called when there is nothing to get");
    town.pass_renewing(100, &instance).await;
    assert!(called().await > 0, "somebody goes and sees");
    assert_eq!(instance.view(ROOM).expect("room").phase, Phase::Open);
}

/// P18: seats on hold are no longer among the places that are left, so they are not taken off once more.
#[tokio::test]
async fn a_hundred_free_places_are_called_for_beside_two_hundred_holds() {
    let town = Town::at(10, |settings| {
        settings.gate.max_active = 400;
        settings.gate.burst = 1_000;
        settings.gate.pace_per_minute = 6_000;
    })
    .await;
    let instance = town.instance().await;
    let mut holding = 0;
    while holding < 200 {
        let answers = join_many(&instance, 50).await;
        holding += answers.iter().filter(|answer| answer.pass.is_some()).count();
        instance.renew().await;
    }
    let mut report = town.counted(100);
    (report.counts.held_passes, report.counts.held_seats) = (200, 320);
    instance.report(ROOM, report).await.expect("taken over");
    instance.renew().await;
    let before = town.truth().await.expect("known");
    assert_eq!(before.active, 200);
    let others = join_many(&instance, 300).await;
    town.pass_renewing(3, &instance).await;
    let let_in = others.iter().filter(|answer| answer.pass.is_some()).count();
    let called = town.truth().await.expect("known").memory.called.total();
    assert!(let_in > 0 || called > before.memory.called.total());
    assert!(called - before.memory.called.total() <= 150, "half more than there are places");
}

/// P18: while the next opening gathers, places that came back go to whoever comes, as nobody waits; and the status
/// says so. They take no place in the line for that, and call nobody.
#[tokio::test]
async fn returned_places_admit_arrivals_while_the_next_opening_gathers() {
    let town = Town::at(1_810, |_| ()).await;
    let instance = town.instance().await;
    assert_eq!(instance.view(ROOM).expect("room").phase, Phase::Open);
    let mut gathering = join_many(&instance, 3).await;
    assert!(
        gathering.iter().all(|answer| answer.pass.is_none()),
        "no places are known to be there"
    );

    instance.report(ROOM, town.counted(2)).await.expect("taken over");
    instance.renew().await;
    assert_eq!(instance.view(ROOM).expect("room").phase, Phase::Open);
    let mut let_in = join(&instance).await;
    let pass = let_in.pass.clone().expect("there are places, and nobody waits for them");
    assert_eq!(let_in.standing, Standing::Admitted, "a place is given by the draw (P12)");
    assert_eq!(redeem(&instance, &let_in).await.as_ref(), Some(&pass), "repeated");
    instance.report(ROOM, town.counted(0)).await.expect("taken over");
    instance.renew().await;
    assert_eq!(instance.view(ROOM).expect("room").phase, Phase::Gathering);
    assert_eq!(join(&instance).await.pass, None);

    // At the draw whoever was let in has a place like all others, and it is not called for that.
    for answer in &mut gathering {
        assert!(matches!(poll(&instance, answer), Standing::Gathering { .. }));
    }
    let before = town.truth().await.expect("known").memory.called;
    assert_eq!(before.total(), 0);
    town.set(waiting_room::live::LiveChange {
        paused: Some(true),
        ..waiting_room::live::LiveChange::default()
    })
    .await;
    while town.truth().await.expect("known").memory.frozen.len() < 4 {
        town.pass_s(60);
        instance.renew().await;
    }
    let standing = poll(&instance, &mut let_in);
    assert!(matches!(standing, Standing::Used { place: Some(_) }), "{standing:?}");
    instance.renew().await;
    assert_eq!(town.truth().await.expect("known").memory.called, before);
}
