//! Whom the gate calls, and who is let in.

use std::collections::BTreeSet;

use waiting_room::contract::by;
use waiting_room::live::LiveChange;
use waiting_room::service::operator::{self, Change, Expected, SetOutcome};
use waiting_room::service::outcome::RedeemOutcome;
use waiting_room::view::{Phase, Standing};

use crate::harness::{ROOM, Town, join_many, poll, redeem};

/// P12: whoever was called and comes late still gets in.
#[tokio::test]
async fn coming_late_costs_nothing() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    let answers = join_many(&instance, 20).await;
    town.pass_s(60);
    let mut late: BTreeSet<usize> = (0..20).collect();
    for _ in 0..40 {
        instance.renew().await;
        town.pass_s(60);
    }
    instance.renew().await;
    for number in late.clone() {
        match instance.redeem(ROOM, &answers[number].ticket).await.expect("an outcome") {
            RedeemOutcome::Pass { .. } => assert!(late.remove(&number)),
            RedeemOutcome::NotYourTurn { .. } => (),
            other @ (RedeemOutcome::Used { .. } | RedeemOutcome::Closed) => panic!("{other:?}"),
        }
    }
    assert_eq!(late.len(), 15, "five at once");
    town.pass_s(900);
    instance.renew().await;
    let next = *late.first().expect("some are left");
    assert!(redeem(&instance, &answers[next]).await.is_some());
}

/// P18: people who come when they are called are all let in, as fast as the pace allows.
#[tokio::test]
async fn everybody_who_comes_is_let_in() {
    let town = Town::at(-60, |settings| {
        settings.gate.max_active = 40;
        settings.pass.ttl_s = 60;
    })
    .await;
    let instance = town.instance().await;
    let mut waiting = join_many(&instance, 100).await;
    town.pass_s(60);
    for _ in 0..400 {
        town.pass_s(1);
        instance.renew().await;
        let mut rest = Vec::new();
        for mut answer in waiting {
            let standing = poll(&instance, &mut answer);
            let is_called = matches!(standing, Standing::Called { .. });
            if !is_called || redeem(&instance, &answer).await.is_none() {
                rest.push(answer);
            }
        }
        waiting = rest;
    }
    assert!(waiting.is_empty(), "{} still wait", waiting.len());
}

/// P11: the operator's pause holds for all instances at the same moment, whatever they have seen of it.
#[tokio::test]
async fn a_pause_holds_for_all_instances_at_once() {
    let town = Town::at(-60, |_| ()).await;
    let (one, two) = (town.instance().await, town.instance().await);
    let mut answers = join_many(&one, 20).await;
    town.pass_renewing(62, &one).await;
    two.renew().await;
    let called: Vec<usize> = (0..20)
        .filter(|number| matches!(poll(&two, &mut answers[*number]), Standing::Called { .. }))
        .collect();
    assert!(called.len() >= 2, "{called:?}");
    assert!(redeem(&one, &answers[called[0]]).await.is_some());

    town.set(LiveChange { paused: Some(true), ..LiveChange::default() }).await;
    for instance in [&one, &two] {
        assert_eq!(redeem(instance, &answers[called[1]]).await, None, "paused");
    }
    let before = town.truth().await.expect("known").memory.called;
    for instance in [&one, &two] {
        town.pass_renewing(30, instance).await;
        assert_eq!(instance.view(ROOM).expect("room").phase, Phase::Paused);
        assert!(matches!(poll(instance, &mut answers[called[1]]), Standing::Called { .. }));
    }
    assert_eq!(town.truth().await.expect("known").memory.called, before);

    town.set(LiveChange { paused: Some(false), ..LiveChange::default() }).await;
    assert!(redeem(&two, &answers[called[1]]).await.is_some(), "at once, before any renewal");
}

/// Two operators who change a lever at the same time do not undo each other's change unseen.
#[tokio::test]
async fn levers_are_changed_for_the_version_that_was_seen() {
    let town = Town::at(-60, |_| ()).await;
    let room = &town.settings.room;
    let faster = LiveChange { pace_per_minute: Some(90), ..LiveChange::default() };
    let set = async |change: LiveChange, version: Option<u64>| {
        let expected = version.map(|version| Expected { incarnation: Some(1), version });
        let set = operator::set(&*town.store, room, &change.into(), expected, &by()).await;
        set.expect("the store answers")
    };
    assert!(matches!(set(faster.clone(), Some(0)).await, SetOutcome::Set(_)));
    assert_eq!(set(faster, Some(0)).await, SetOutcome::Changed { incarnation: 1, version: 1 });
    let never = LiveChange { max_active: Some(0), ..LiveChange::default() };
    assert!(matches!(set(never, None).await, SetOutcome::Mistaken(_)));
    let unknown = "nowhere".parse().expect("a name");
    let outcome = operator::set(&*town.store, &unknown, &Change::default(), None, &by()).await;
    assert_eq!(outcome.expect("the store answers"), SetOutcome::UnknownRoom);
}

/// P11, P18: ten instances share one express quota, and together let in exactly as many as the gate allows.
#[tokio::test]
async fn ten_instances_share_one_express_quota() {
    let town = Town::at(10, |settings| settings.gate.max_active = 50).await;
    let mut instances = Vec::new();
    for _ in 0..10 {
        instances.push(town.instance().await);
    }
    instances[0].report(ROOM, town.counted(4)).await.expect("taken over");
    for instance in &instances {
        instance.renew().await;
    }
    let quota = town.truth().await.expect("known").express;
    assert_eq!(quota, 6, "four places, and half as many more people");
    let joins = instances.iter().map(|instance| join_many(instance, 10));
    let answers = futures_util::future::join_all(joins).await;
    let let_in = answers.iter().flatten().filter(|answer| answer.pass.is_some()).count();
    assert_eq!(let_in, 6);
    let truth = town.truth().await.expect("known");
    assert_eq!((truth.express, truth.active, truth.memory.called.total()), (0, 6, 6));
}
