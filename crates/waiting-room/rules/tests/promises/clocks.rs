//! Clocks that are wrong, and clocks that step.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, ManualClock};
use waiting_room::view::Standing;

use crate::harness::{ROOM, Town, after, join, join_many, poll, redeem};

/// P9, P11: no instance's clock reaches a rule. One whose own clock is an hour off draws, calls and gives out passes
/// as the others do.
#[tokio::test]
async fn an_instance_with_a_wrong_clock_does_as_the_others() {
    for off_s in [-3_600, 3_600] {
        let town = Town::at(-60, |_| ()).await;
        let wrong = Arc::new(ManualClock::at(after(off_s - 60)));
        let base = Arc::clone(&wrong) as Arc<dyn Clock>;
        let instance = town.instance_with(|parts| parts.clock = base).await;
        let mut answer = join(&instance).await;
        let opens_at = Some(after(0));
        assert_eq!(poll(&instance, &mut answer), Standing::Gathering { opens_at });
        for clock in [&town.clock, &wrong] {
            clock.advance(Duration::from_mins(1));
        }
        instance.renew().await;
        assert_eq!(instance.view(ROOM).expect("room").as_of, after(0));
        let pass = redeem(&instance, &answer).await.expect("drawn and called");
        assert_eq!(pass.expires_at, after(900));
        assert_eq!(town.claims(&pass).issued_at, after(0));
    }
}

/// P11, P18: the store's clock steps back by an hour. Passes live at most one pass length longer, nobody is told
/// that a pass is used up, and calling goes on.
#[tokio::test]
async fn calling_goes_on_after_the_store_steps_back() {
    let town = Town::at(-60, |settings| settings.gate.max_active = 30).await;
    let instance = town.instance().await;
    let mut answers = join_many(&instance, 60).await;
    town.clock.set(after(1_700));
    instance.renew().await;
    let mut passes = Vec::new();
    for (number, answer) in answers.iter_mut().enumerate() {
        poll(&instance, answer);
        let pass = redeem(&instance, answer).await;
        passes.extend(pass.map(|pass| (number, town.pass_id(&pass))));
    }
    assert!(!passes.is_empty());
    let called = town.truth().await.expect("known").memory.called.total();
    assert!(called < 60, "{called}");

    town.clock.set(after(-1_900));
    town.pass_renewing(60, &instance).await;
    assert!(town.truth().await.expect("known").memory.called.total() > called);
    for (number, pass_id) in passes {
        let again = redeem(&instance, &answers[number]).await.expect("it lives");
        assert_eq!(town.pass_id(&again), pass_id);
    }
    town.pass_s(900);
    instance.renew().await;
    let survivors = town.truth().await.expect("known").active;
    assert_eq!(survivors, 0, "none of them lives longer than one that is given out now");
}

/// P8: entries go on without a gap while the store's clock is stepped to and fro.
#[tokio::test]
async fn entries_go_on_over_clock_steps() {
    let town = Town::at(10, |_| ()).await;
    let instance = town.instance().await;
    let mut entries = Vec::new();
    for s in [20, 3, 1_000, 500, 30] {
        town.clock.set(after(s));
        instance.renew().await;
        entries.extend(join_many(&instance, 3).await.iter().map(|answer| answer.entry));
    }
    assert_eq!(entries, (0..15).collect::<Vec<u64>>());
}
