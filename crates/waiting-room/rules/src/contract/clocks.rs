//! What happens when the store's clock steps.

use std::time::Duration;

use kernel::ManualClock;

use super::fixtures::{Trial, after, with_passes};
use crate::lane::{Lane, PerLane};
use crate::live::LiveChange;
use crate::memory::Memory;
use crate::store::{Arrivals, JoinReply, Redeemed, RoomStore};

/// P11, P18: after the clock stepped back by an hour no pass lives longer than one that is given out now, the
/// pace is that of before, and everything goes on.
pub async fn a_clock_that_steps_back_stops_nothing(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let wide = LiveChange { max_active: Some(3_000), burst: Some(3_000), ..LiveChange::default() };
    trial.set_live(wide).await;
    for index in [2, 3] {
        trial.freeze_at(index).await;
    }
    trial.call_to(3_000).await;
    let before: Vec<_> =
        (0..2_500).map(|number| super::fixtures::at_place(number, number)).collect();
    for batch in before.chunks(500) {
        assert_eq!(trial.redeem_all(batch).await, vec![trial.new_pass(); batch.len()]);
    }
    clock.set(after(0));
    trial.state().await;
    assert_eq!(trial.join(1).await, [0]);
    assert_eq!(trial.redeem_all(&before).await, vec![trial.new_pass(); before.len()]);
    trial.pass_s(901);
    assert_eq!(trial.state().await.active, 0, "at most one pass length more");
    assert_eq!(trial.redeem(2_999, 9_999).await, trial.new_pass());
}

/// P11: a join that comes before anybody has read the room hides no step from the next reading.
pub async fn a_join_does_not_hide_a_clock_step(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    for index in [2, 3] {
        trial.freeze_at(index).await;
    }
    trial.call_to(1).await;
    trial.redeem(0, 0).await;
    trial.state().await;
    clock.set(after(0));
    trial.join(1).await;
    trial.state().await;
    trial.pass_s(901);
    assert_eq!(trial.state().await.active, 0);
}

/// P18: the pace goes on after one interval, whatever a later clock left behind.
pub async fn the_pace_survives_a_clock_step(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let levers = LiveChange { burst: Some(2), max_active: Some(100), ..LiveChange::default() };
    trial.set_live(levers).await;
    clock.set(after(1_700));
    trial.call(|call| (call.called, call.express) = (PerLane::public(10), 50)).await;
    for number in 0..2 {
        assert_eq!(trial.redeem(number, number).await, trial.new_pass());
    }
    clock.set(after(0));
    trial.state().await;
    assert_eq!(trial.redeem(2, 2).await, trial.new_pass(), "one may pass, and puts it right");
    assert_eq!(trial.redeem(3, 3).await, Redeemed::Busy, "the burst is used up");
    trial.pass_s(2);
    assert_eq!(trial.redeem(3, 3).await, trial.new_pass(), "it recovers in two seconds");
    assert_eq!(trial.admitted_on_arrival(&with_passes(50, 2)).await, 1);
}

/// P18: a silence that a later clock began does not last until that clock's time comes again.
pub async fn a_silence_ends_although_the_clock_steps_back(
    store: &dyn RoomStore,
    clock: &ManualClock,
) {
    let trial = Trial::open(store, clock).await;
    clock.set(after(1_700));
    trial.state().await;
    let more = Memory { entered: PerLane::public(7), ..trial.memory().await };
    store.merge(&trial.settings, &more, Duration::from_secs(2)).await.expect("merge");
    trial.state().await;
    clock.set(after(0));
    trial.state().await;
    let arrivals = Arrivals { lane: Lane::Public, ..with_passes(0, 1) };
    let JoinReply::Quiet { until } = trial.try_join(&arrivals).await else {
        panic!("it was quiet, and is for a while")
    };
    assert!(until <= trial.now().plus(trial.settings.listening_time()), "{until}");
    clock.set(until);
    assert_eq!(trial.join(1).await, [7]);
}
