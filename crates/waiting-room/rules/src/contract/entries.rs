//! Who gets which entry.

use std::collections::BTreeSet;

use kernel::ManualClock;

use super::fixtures::{SOMEBODY, START, Trial, after, new_entry, pass_id};
use crate::lane::{Lane, PerLane};
use crate::store::{Arrival, Arrivals, Entered, JOIN_KEY_MEMORY, JoinKey, RoomStore};

/// P8: entries follow each other without a gap and without repetition, in each lane.
pub async fn entries_are_issued_once(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let epoch = trial.memory().await.epoch;
    let mut issued = BTreeSet::new();
    for count in [1, 1_000, 3, 64] {
        let arrivals = Arrivals { lane: Lane::Public, people: vec![SOMEBODY; count] };
        let entries = trial.enter(&arrivals).await;
        assert_eq!((entries.epoch, entries.now), (epoch, START));
        for entered in entries.people {
            assert!(issued.insert(new_entry(entered)), "issued twice: {entered:?}");
        }
    }
    assert_eq!(issued, (0..1_068).collect());
    assert_eq!(trial.join_lane(Lane::Hotline, 2).await, [0, 1]);
    assert_eq!(trial.memory().await.entered, PerLane([1_068, 2, 0]));
}

fn keyed(people: &[(u8, u32)]) -> Arrivals {
    let arrival = |&(key, fingerprint): &(u8, u32)| {
        let key = JoinKey { key: [key; 16], fingerprint };
        Arrival { pass_id: None, key: Some(key), code: None }
    };
    Arrivals { lane: Lane::Public, people: people.iter().map(arrival).collect() }
}

/// P3, P8: whoever repeats a join gets the same entry, also within a batch; a key that was used to ask for
/// something else is refused, and takes no entry.
pub async fn joins_can_be_repeated(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let epoch = trial.memory().await.epoch;
    let new = |entry| Entered::New { entry, admitted_until: None };
    let again = |entry| Entered::Repeated { epoch, entry, issued_at: START };
    let first = trial.enter(&keyed(&[(1, 10), (2, 20), (1, 10), (2, 21)])).await;
    assert_eq!(first.people, [new(0), new(1), again(0), Entered::KeyReused]);

    trial.pass_s(30);
    let mut arrivals = keyed(&[(2, 20), (3, 30), (1, 11)]);
    arrivals.people.insert(1, SOMEBODY);
    let second = trial.enter(&arrivals).await;
    assert_eq!(second.people, [again(1), new(2), new(3), Entered::KeyReused]);
    assert_eq!(trial.memory().await.entered, PerLane::public(4));
}

/// Joins are remembered for a time that is bounded from below and from above.
pub async fn joins_are_remembered_for_a_while(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let memory_s = i64::try_from(JOIN_KEY_MEMORY.as_secs()).expect("short");
    clock.set(after(memory_s - 1));
    assert_eq!(new_entry(trial.enter(&keyed(&[(1, 0)])).await.people[0]), 0);
    clock.set(after(2 * memory_s - 1));
    let repeated = trial.enter(&keyed(&[(1, 0), (2, 0)])).await.people;
    assert!(matches!(repeated[0], Entered::Repeated { entry: 0, .. }), "{repeated:?}");
    clock.set(after(2 * memory_s));
    assert_eq!(new_entry(trial.enter(&keyed(&[(1, 0)])).await.people[0]), 2, "forgotten");
    let kept = trial.enter(&keyed(&[(2, 0)])).await.people;
    assert!(matches!(kept[0], Entered::Repeated { entry: 1, .. }), "{kept:?}");
}

/// The passes of arrivals are given for all of a batch or for none; repeated joins get none on arrival.
pub async fn a_repeated_join_takes_no_quota(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call(|call| call.express = 3).await;
    let arrival = |number: u8| {
        let key = JoinKey { key: [number; 16], fingerprint: 0 };
        Arrival { pass_id: Some(pass_id(number.into())), key: Some(key), code: None }
    };
    let batch = |numbers: &[u8]| Arrivals {
        lane: Lane::Public,
        people: numbers.iter().copied().map(arrival).collect(),
    };
    let until = Some(trial.pass_end());
    let first = trial.enter(&batch(&[1])).await.people;
    assert_eq!(first, [Entered::New { entry: 0, admitted_until: until }]);
    let second = trial.enter(&batch(&[1, 2])).await.people;
    assert!(matches!(second[0], Entered::Repeated { entry: 0, .. }), "{second:?}");
    assert_eq!(second[1], Entered::New { entry: 1, admitted_until: until });
    let state = trial.state().await;
    assert_eq!((state.express, state.active, state.memory.called), (1, 2, PerLane::public(2)));
}
