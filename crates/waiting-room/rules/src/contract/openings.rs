//! Openings that the operator moves or holds back.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::ManualClock;

use super::fixtures::{SOMEBODY, START, Trial, after};
use crate::lane::Lane;
use crate::live::{LiveSettings, OpeningLever};
use crate::memory::digest::Digest;
use crate::store::{Arrivals, Freeze, JoinReply, RoomStore};

/// The first opening under this lever.
async fn with_first(trial: &Trial<'_>, lever: OpeningLever) -> LiveSettings {
    let live = trial.memory().await.live;
    LiveSettings { version: live.version + 1, openings: BTreeMap::from([(0, lever)]), ..live }
}

async fn join(trial: &Trial<'_>) -> JoinReply {
    trial.try_join(&Arrivals { lane: Lane::Public, people: vec![SOMEBODY] }).await
}

/// Nothing is frozen of an opening that is held back, also by an instance that has not heard of it or has other
/// levers of the same version, and people go on gathering.
pub async fn an_opening_is_held_back_until_it_is_released(
    store: &dyn RoomStore,
    clock: &ManualClock,
) {
    let trial = Trial::gathering(store, clock).await;
    let unaware = trial.digest().await;
    let held = with_first(&trial, OpeningLever::Held).await;
    assert!(trial.try_set(held.clone()).await);
    assert_eq!(trial.memory().await.live, held);
    trial.clock.set(after(900));
    let freeze = Freeze { index: 1, due_at: START, next_due_at: Some(after(1_800)) };
    store.freeze(trial.room(), &unaware, freeze).await.expect("freeze");
    let mistaken = Digest { live_version: held.version, ..unaware };
    store.freeze(trial.room(), &mistaken, freeze).await.expect("freeze");
    assert_eq!(trial.memory().await.frozen.len(), 1, "P10: the opening is held back");
    assert!(matches!(join(&trial).await, JoinReply::Entries(_)), "people gather");
    let released = with_first(&trial, OpeningLever::At(after(901))).await;
    assert!(trial.try_set(released).await);
    trial.pass_s(1);
    assert_eq!(join(&trial).await, JoinReply::BoundaryDue);
    trial.freeze(1).await;
    let frozen = trial.memory().await.frozen[&1];
    assert_eq!((frozen.at, frozen.entries[Lane::Public]), (after(901), 1));
}

/// An opening is moved to an instant that is still to come when the change is written: so nobody has an entry from
/// behind it.
pub async fn an_opening_is_moved_before_it_comes(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::gathering(store, clock).await;
    let memory = trial.memory().await;
    let soon = trial.now().plus(Duration::from_secs(1));
    let live = with_first(&trial, OpeningLever::At(soon)).await;
    let mut set = trial.setting(&memory, live);
    set.before = Some(soon);
    trial.pass_s(1);
    let is_set = store.set_live(trial.room(), &Digest::of(&memory), &set).await;
    assert!(!is_set.expect("set"), "too late");
    assert_eq!(trial.memory().await, memory);
    trial.clock.set(soon.minus(Duration::from_millis(1)));
    let is_set = store.set_live(trial.room(), &Digest::of(&memory), &set).await;
    assert!(is_set.expect("set"));
    assert!(matches!(join(&trial).await, JoinReply::Entries(_)), "not yet");
    trial.clock.set(soon);
    assert_eq!(join(&trial).await, JoinReply::BoundaryDue);
    trial.freeze(1).await;
    assert_eq!(trial.memory().await.frozen[&1].at, soon);
}

/// A draw that was held is not moved by an operator who has not heard of it.
pub async fn openings_are_moved_for_the_boundaries_that_are_known(
    store: &dyn RoomStore,
    clock: &ManualClock,
) {
    let trial = Trial::gathering(store, clock).await;
    let memory = trial.memory().await;
    let set = trial.setting(&memory, with_first(&trial, OpeningLever::Held).await);
    trial.freeze_at(1).await;
    let is_set = store.set_live(trial.room(), &Digest::of(&memory), &set).await;
    assert!(!is_set.expect("set"));
    assert_eq!(trial.memory().await.live, memory.live);
}

/// A store that is healed goes by the levers that it is given.
pub async fn what_merges_knows_moved_openings(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::gathering(store, clock).await;
    let mut memory = trial.memory().await;
    memory.live = with_first(&trial, OpeningLever::Held).await;
    store.merge(&trial.settings, &memory, Duration::ZERO).await.expect("merge");
    trial.clock.set(after(60));
    assert!(matches!(join(&trial).await, JoinReply::Entries(_)), "the opening is held back");
}
