//! Which rooms there are.

use kernel::ManualClock;

use super::fixtures::{START, Trial, after, by, created, line_settings, room_settings};
use super::memory::every_operation;
use crate::memory::{Memory, next_epoch};
use crate::settings::{RoomId, RoomSettings};
use crate::state::RoomState;
use crate::store::{Arrivals, Created, JoinReply, RoomStore, RoomStoreError};

/// A room is created once, and keeps its settings.
pub async fn a_room_is_created_once(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::announced(store, clock).await;
    let settings = &trial.settings;
    assert_eq!(
        store.create(settings, &created(settings)).await.expect("create"),
        Created::Unchanged
    );
    let other = RoomSettings { title_en: "Other – „ä“".into(), ..settings.clone() };
    assert_eq!(store.create(&other, &created(&other)).await.expect("create"), Created::Different);
    let known = store.settings(trial.room()).await.expect("settings");
    assert_eq!(known.as_ref(), Some(settings));
    let memory =
        Memory { epoch: next_epoch(0, trial.now()), ..Memory::of_new_room(&trial.settings) };
    let quiet_until = trial.state().await.quiet_until;
    assert!(quiet_until <= trial.now(), "nobody can hold a ticket yet");
    assert_eq!(trial.state().await, RoomState::new(memory, quiet_until));
}

/// P12: a room that is created when people may hold tickets of it listens to them first.
pub async fn a_room_created_late_listens_first(store: &dyn RoomStore, clock: &ManualClock) {
    clock.set(after(-3_600));
    let settings = room_settings("contract");
    assert_eq!(
        store.create(&settings, &created(&settings)).await.expect("create"),
        Created::Healing
    );
    let trial = Trial { store, clock, settings };
    let until = trial.now().plus(trial.settings.listening_time());
    let somebody =
        Arrivals { lane: crate::lane::Lane::Public, people: vec![super::fixtures::SOMEBODY] };
    assert_eq!(trial.try_join(&somebody).await, JoinReply::Quiet { until });
    trial.freeze(0).await;
    assert_eq!(trial.memory().await.frozen.len(), 0, "boundaries wait as well");
    clock.set(until);
    assert_eq!(trial.try_join(&somebody).await, JoinReply::BoundaryDue);
    trial.freeze(0).await;
    assert_eq!(trial.join(1).await, [0]);
}

/// The operator begins a new line: nothing of the old one is left, and nobody goes on with it.
pub async fn a_higher_incarnation_begins_a_new_line(store: &dyn RoomStore, clock: &ManualClock) {
    let old = Trial::open(store, clock).await;
    old.join(3).await;
    old.call_to(3).await;
    assert_eq!(old.redeem(0, 0).await, old.new_pass());
    let remembered = old.memory().await;
    let digest = old.digest().await;

    let settings = line_settings("contract", 2);
    assert_eq!(
        store.create(&settings, &created(&settings)).await.expect("create"),
        Created::Replaced
    );
    for (operation, answer) in every_operation(&old, &digest).await {
        assert!(matches!(answer, Err(RoomStoreError::Replaced(_))), "{operation}: {answer:?}");
    }
    let merged = store.merge(&old.settings, &remembered, std::time::Duration::ZERO).await;
    assert!(matches!(merged, Err(RoomStoreError::Replaced(_))), "{merged:?}");
    assert_eq!(
        store.create(&old.settings, &created(&old.settings)).await.expect("create"),
        Created::Outdated
    );

    let new = Trial { settings, ..old };
    let state = new.state().await;
    assert_eq!(state.memory.entered.total() + state.memory.called.total(), 0);
    assert_eq!((state.memory.incarnation, state.active), (2, 0));
    assert_eq!(store.settings(new.room()).await.expect("settings").as_ref(), Some(&new.settings));
    new.freeze(0).await;
    new.freeze(1).await;
    assert_eq!(new.join(1).await, [0]);
    new.call_to(1).await;
    assert_eq!(new.redeem(0, 0).await, new.new_pass());
}

/// A room that was removed is gone, and no instance that remembers it brings it back.
pub async fn a_removed_room_stays_removed(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.join(3).await;
    let (remembered, digest) = (trial.memory().await, trial.digest().await);
    assert!(store.remove(trial.room(), &by().removed()).await.expect("remove"));
    assert!(!store.remove(trial.room(), &by().removed()).await.expect("remove"), "once");
    assert_eq!(store.list(None, 10).await.expect("list"), []);
    assert_eq!(store.settings(trial.room()).await.expect("settings"), None);
    for (operation, answer) in every_operation(&trial, &digest).await {
        assert!(matches!(answer, Err(RoomStoreError::Replaced(_))), "{operation}: {answer:?}");
    }
    let first = store.read(&[trial.ask(None)]).await.expect("read").pop().expect("one");
    assert!(matches!(first, Err(RoomStoreError::Replaced(_))), "{first:?}");
    let merged = store.merge(&trial.settings, &remembered, std::time::Duration::ZERO).await;
    assert!(matches!(merged, Err(RoomStoreError::Replaced(_))), "{merged:?}");
    assert_eq!(
        store.create(&trial.settings, &created(&trial.settings)).await.expect("create"),
        Created::Outdated
    );

    clock.set(after(-4_000));
    let next = line_settings("contract", 2);
    assert_eq!(store.create(&next, &created(&next)).await.expect("create"), Created::New);
    assert_eq!(store.list(None, 10).await.expect("list"), [next.room]);
}

/// A line that was begun after the removal of another is healed like any, also by a store that remembers
/// only the removal.
pub async fn a_line_after_a_removed_one_is_healed(store: &dyn RoomStore, clock: &ManualClock) {
    let removed = Trial::announced(store, clock).await;
    assert!(store.remove(removed.room(), &by().removed()).await.expect("remove"));
    let settings = line_settings("contract", 2);
    let memory = Memory { epoch: 7, ..Memory::of_new_room(&settings) };
    store.merge(&settings, &memory, std::time::Duration::ZERO).await.expect("merge");
    let next = Trial { settings, ..removed };
    assert_eq!(next.memory().await.incarnation, 2);
    assert_eq!(store.list(None, 10).await.expect("list"), [next.settings.room]);
}

/// Rooms are listed in the order of their names, page by page.
pub async fn rooms_are_listed_by_page(store: &dyn RoomStore, clock: &ManualClock) {
    clock.set(after(-4_000));
    let names = ["a", "b-1", "b-10", "b-2", "c"];
    for name in ["c", "b-10", "a", "b-2", "b-1"] {
        store.create(&room_settings(name), &created(&room_settings(name))).await.expect("create");
    }
    let mut listed: Vec<RoomId> = Vec::new();
    loop {
        let page = store.list(listed.last(), 2).await.expect("list");
        assert!(page.len() <= 2, "{page:?}");
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert_eq!(listed.iter().map(RoomId::as_str).collect::<Vec<_>>(), names);
}

/// P20: of many rooms that are read in one trip each is answered separately.
pub async fn rooms_are_read_separately(store: &dyn RoomStore, clock: &ManualClock) {
    clock.set(after(-4_000));
    let newer = RoomSettings { format: RoomSettings::FORMAT + 1, ..room_settings("newer") };
    for settings in [room_settings("one"), newer.clone(), room_settings("two")] {
        store.create(&settings, &created(&settings)).await.expect("create");
    }
    assert_eq!(store.settings(&newer.room).await.expect("settings"), Some(newer));
    let asks = ["one", "unknown", "newer", "two"]
        .map(|name| Trial { store, clock, settings: room_settings(name) }.ask(None));
    let answers = store.read(&asks).await.expect("read");
    let is_known: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(is_known, [true, false, true, true]);
    assert!(matches!(answers[1], Err(RoomStoreError::Behind(_))), "{:?}", answers[1]);
    assert!(store.read(&[]).await.expect("read").is_empty());
    clock.set(START);
}
