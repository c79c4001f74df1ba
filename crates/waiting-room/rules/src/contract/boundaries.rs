//! When the line is cut, and what goes into the draw.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::ManualClock;

use super::fixtures::{SOMEBODY, START, Trial, after, by, room_settings};
use crate::lane::{Lane, PerLane};
use crate::live::{LiveSettings, OpeningLever};
use crate::memory::Frozen;
use crate::settings::RoomSettings;
use crate::store::{Arrivals, JoinReply, RoomStore};

/// Boundaries freeze at the entries issued so far, in order, each once, and not before their time.
pub async fn boundaries_freeze_once_and_in_order(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::announced(store, clock).await;
    clock.set(after(-3_601));
    trial.freeze(0).await;
    assert!(trial.memory().await.frozen.is_empty(), "before its time");
    clock.set(START);
    trial.freeze(1).await;
    assert!(trial.memory().await.frozen.is_empty(), "an earlier one is missing");

    clock.set(after(-3_600));
    trial.freeze(0).await;
    trial.join(10).await;
    trial.join_lane(Lane::Priority, 2).await;
    trial.freeze(0).await;
    clock.set(after(7));
    trial.freeze(1).await;
    trial.join(5).await;
    clock.set(after(9));
    trial.freeze(1).await;
    let frozen: Vec<_> = trial.memory().await.frozen.into_iter().collect();
    let start = Frozen { at: after(-3_600), entries: PerLane::default() };
    let end = Frozen { at: after(7), entries: PerLane([10, 0, 2]) };
    assert_eq!(frozen, [(0, start), (1, end)], "the first call decides");
}

/// Before the first draw nobody is ahead: whoever came when nobody knew of a gathering takes part in it.
pub async fn the_first_gathering_begins_with_the_first_entry(
    store: &dyn RoomStore,
    clock: &ManualClock,
) {
    let trial = Trial::announced(store, clock).await;
    clock.set(after(-3_601));
    trial.join(2).await;
    clock.set(after(-10));
    trial.freeze(0).await;
    let start = Frozen { at: after(-10), entries: PerLane::default() };
    assert_eq!(trial.memory().await.frozen[&0], start);
    let late = Trial::of(store, clock, room_settings("late")).await;
    late.join(2).await;
    clock.set(after(7));
    late.freeze(0).await;
    assert_eq!(late.memory().await.frozen[&0].entries, PerLane::public(2), "too late for a draw");
    let held = Trial::of(store, clock, room_settings("held")).await;
    let live = held.memory().await.live;
    let openings = BTreeMap::from([(0, OpeningLever::Held)]);
    assert!(held.try_set(LiveSettings { version: live.version + 1, openings, ..live }).await);
    held.join(2).await;
    clock.set(after(8));
    held.freeze(0).await;
    assert_eq!(held.memory().await.frozen[&0].entries, PerLane::default(), "the draw is to come");
}

/// Whoever comes after a boundary is due does not get in front of it, whoever freezes it and when.
pub async fn nobody_joins_across_a_due_boundary(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::gathering(store, clock).await;
    let somebody = Arrivals { lane: Lane::Public, people: vec![SOMEBODY] };
    trial.join(3).await;
    clock.set(START.minus(Duration::from_millis(1)));
    assert_eq!(trial.join(1).await, [3]);
    clock.set(START);
    assert_eq!(trial.try_join(&somebody).await, JoinReply::BoundaryDue);
    trial.freeze(1).await;
    assert_eq!(trial.join(1).await, [4]);
    assert_eq!(trial.memory().await.frozen[&1].entries, PerLane::public(4));
    for index in [2, 3] {
        trial.freeze_at(index).await;
    }
    clock.set(after(80_000));
    assert_eq!(trial.join(1).await, [5], "none is due behind the last");
}

/// No boundary is frozen while the room listens to tickets that may tell of one.
pub async fn boundaries_wait_for_what_may_be_told(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::gathering(store, clock).await;
    let mut memory = trial.memory().await;
    memory.saw_entry(Lane::Public, 9);
    clock.set(START);
    let quiet = Duration::from_secs(2);
    store.merge(&trial.settings, &memory, quiet).await.expect("merge");
    trial.freeze(1).await;
    assert_eq!(trial.memory().await.frozen.len(), 1);
    clock.advance(quiet);
    trial.freeze(1).await;
    assert_eq!(trial.memory().await.frozen[&1].entries, PerLane::public(10));
}

/// P12: a store that was told of a later boundary freezes none that it may have forgotten, and none twice.
pub async fn boundaries_leave_gaps_to_whoever_knows(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::announced(store, clock).await;
    clock.set(after(4_000));
    let told = Frozen { at: after(-1), entries: PerLane::public(7) };
    let mut memory = trial.memory().await;
    memory.saw_boundary(1, told);
    store.merge(&trial.settings, &memory, Duration::ZERO).await.expect("merge");
    for index in [0, 1, 2] {
        trial.freeze(index).await;
        assert_eq!(trial.memory().await.frozen.into_iter().collect::<Vec<_>>(), [(1, told)]);
    }
    memory.saw_boundary(0, Frozen { at: after(-2), entries: PerLane::default() });
    store.merge(&trial.settings, &memory, Duration::ZERO).await.expect("merge");
    trial.freeze(2).await;
    assert_eq!(trial.memory().await.frozen.len(), 3);
}

/// Arrivals that may be admitted straight away may no longer when a boundary is frozen.
pub async fn a_boundary_ends_the_express_quota(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call(|call| call.express = 4).await;
    trial.freeze_at(2).await;
    assert_eq!(trial.state().await.express, 0);
}

/// Public entropy is supplied once for each opening, in order, after its number of entries was frozen.
pub async fn public_entropy_is_supplied_once(store: &dyn RoomStore, clock: &ManualClock) {
    let settings = RoomSettings {
        public_entropy: Some("Lotto, 12 June 2021".into()),
        ..room_settings("contract")
    };
    let trial = Trial::of(store, clock, settings).await;
    let supply = async |opening, text| {
        let digest = trial.beginner();
        let deed = by().supplied(opening, text);
        let supplied = store.supply_entropy(trial.room(), &digest, opening, text, &deed).await;
        supplied.expect("supply")
    };
    trial.freeze_at(0).await;
    assert!(!supply(0, "3 17 21").await, "before the freeze it could be chosen");
    trial.freeze_at(1).await;
    assert!(!supply(1, "1 2 3").await, "the second opening is not frozen");
    assert!(supply(0, "3 17 21 – ä;").await);
    assert!(!supply(0, "4 18 22").await, "the first text counts");
    for index in [2, 3] {
        trial.freeze_at(index).await;
    }
    assert!(supply(1, "1 2 3").await);
    let known: Vec<_> = trial.memory().await.entropy.into_iter().collect();
    assert_eq!(known, [(0, "3 17 21 – ä;".to_owned()), (1, "1 2 3".to_owned())]);
}
