//! What operators did is recorded with the change.

use kernel::ManualClock;
use serde_json::json;

use super::fixtures::{Trial, by};
use crate::audit::{Record, RecordId, Wanted, What};
use crate::live::{LiveChange, LiveSettings};
use crate::store::RoomStore;

/// All records, oldest first, without that of the creation.
async fn records(trial: &Trial<'_>) -> Vec<Record> {
    let records = trial.store.audit(trial.room(), Wanted::After(None), 1_000).await;
    let mut records = records.expect("records");
    assert_eq!(records.remove(0).deed, by().created(&trial.settings));
    records
}

/// Whoever changes a lever is recorded with what was before and after, when, and why.
pub async fn a_change_is_recorded_with_it(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.pass_s(7);
    trial.set_live(LiveChange { paused: Some(true), ..LiveChange::default() }).await;
    let [record] = &*records(&trial).await else { panic!("one record") };
    assert_eq!(record.at, trial.now());
    assert_eq!((&*record.deed.who, record.deed.what), ("erika", What::Levers));
    assert_eq!(record.deed.before, json!({"version": 0, "paused": false}));
    assert_eq!(record.deed.after, json!({"version": 1, "paused": true}));
    assert_eq!(record.deed.why, by().why);
}

/// A change that was not made, since others were first, is not recorded; nor is a creation that creates nothing.
pub async fn what_was_not_done_is_not_recorded(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let skipped = LiveSettings { version: 9, ..trial.settings.gate.levers() };
    assert!(!trial.try_set(skipped).await);
    let deed = by().created(&trial.settings);
    store.create(&trial.settings, &deed).await.expect("create");
    let deed = by().supplied(0, "1 2 3");
    let supplied = store.supply_entropy(trial.room(), &trial.beginner(), 7, "1 2 3", &deed).await;
    assert!(!supplied.expect("supply"));
    assert_eq!(records(&trial).await, []);
    let unknown = "nowhere".parse().expect("a name");
    assert!(!store.remove(&unknown, &by().removed()).await.expect("remove"));
    let records = store.audit(&unknown, Wanted::After(None), 9).await;
    assert_eq!(records.expect("records"), []);
}

/// Who removed a room, and what was done before, can still be read.
pub async fn records_outlive_their_room(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.set_live(LiveChange { burst: Some(3), ..LiveChange::default() }).await;
    assert!(store.remove(trial.room(), &by().removed()).await.expect("remove"));
    let what: Vec<What> = records(&trial).await.iter().map(|record| record.deed.what).collect();
    assert_eq!(what, [What::Levers, What::Removed]);
}

/// Records are read from the oldest on, or from the newest back, page by page.
pub async fn records_are_read_both_ways(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    for burst in 1..=5 {
        trial.set_live(LiveChange { burst: Some(burst), ..LiveChange::default() }).await;
    }
    let read =
        async |wanted, limit| store.audit(trial.room(), wanted, limit).await.expect("records");
    let all = read(Wanted::After(None), 1_000).await;
    assert!(all.len() == 6 && all.is_sorted_by(|one, other| one.id < other.id));
    let second = read(Wanted::After(Some(all[1].id)), 2).await;
    assert_eq!(second, all[2..4]);
    let newest = read(Wanted::Before(None), 2).await;
    assert_eq!(newest, [all[5].clone(), all[4].clone()]);
    assert_eq!(read(Wanted::Before(Some(RecordId::FIRST)), 9).await, []);
    assert_eq!(read(Wanted::After(Some(RecordId::LAST)), 9).await, []);
    let before = read(Wanted::Before(Some(all[2].id)), 9).await;
    assert_eq!(before, [all[1].clone(), all[0].clone()]);
    assert_eq!(read(Wanted::After(Some(all[5].id)), 9).await, []);
}
