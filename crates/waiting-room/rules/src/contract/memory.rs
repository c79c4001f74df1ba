//! What happens when a store knows less than an instance.

use std::time::Duration;

use kernel::ManualClock;

use super::fixtures::{
    SOMEBODY, START, Trial, after, at_place, by, line_settings, pass_id, room_settings,
};
use super::reports::counted;
use crate::gate::Ledger;
use crate::lane::{Lane, PerLane};
use crate::live::LiveSettings;
use crate::memory::digest::Digest;
use crate::memory::{Frozen, Memory};
use crate::notice::{Notices, Seen};
use crate::settings::RoomSettings;
use crate::state::BookingReport;
use crate::store::{
    Arrivals, Call, Freeze, JoinReply, LEFT_ALONE, Result, RoomStore, RoomStoreError,
};

/// Tries every operation that carries a digest; gives what each came to.
pub(super) async fn every_operation(
    trial: &Trial<'_>,
    digest: &Digest,
) -> Vec<(&'static str, Result<()>)> {
    let (store, room) = (trial.store, trial.room());
    let read = store.read(&[trial.ask(Some(digest.clone()))]).await.expect("read");
    let arrivals = Arrivals { lane: Lane::Public, people: vec![SOMEBODY] };
    let freeze = Freeze { index: 2, due_at: after(-9), next_due_at: None };
    let ledger = Ledger { version: 1, ..Ledger::default() };
    let call = Call { called: PerLane::public(1), ledger, express: 1, express_behind: None };
    let live = LiveSettings { version: 1, paused: true, ..trial.settings.gate.levers() };
    let levers = trial.setting(&Memory::of_new_room(&trial.settings), live);
    let deed = by().supplied(1, "x");
    let report = BookingReport { counts: counted(0, 9), departures: vec![pass_id(0)] };
    let notices = Notices::begin(Seen::default(), &[], trial.now());
    vec![
        ("read", read.into_iter().next().expect("one answer").map(drop)),
        ("join", store.join(room, digest, &arrivals).await.map(drop)),
        ("freeze", store.freeze(room, digest, freeze).await),
        ("call", store.call(room, digest, &call).await.map(drop)),
        ("redeem", store.redeem(room, digest, &[at_place(0, 9)]).await.map(drop)),
        ("end passes", store.end_passes(room, digest, &[pass_id(0)]).await),
        ("pass ends", store.pass_ends(room, digest, &[pass_id(0)]).await.map(|_| ())),
        ("report", store.report(room, digest, &report).await),
        ("set levers", store.set_live(room, digest, &levers).await.map(drop)),
        ("set notices", store.set_notices(room, digest, &notices).await.map(drop)),
        ("supply entropy", store.supply_entropy(room, digest, 1, "x", &deed).await.map(drop)),
    ]
}

/// A room whose store knows something of everything, and a pass that lives.
async fn busy_room<'a>(store: &'a dyn RoomStore, clock: &'a ManualClock) -> Trial<'a> {
    let settings =
        RoomSettings { public_entropy: Some("Lotto".into()), ..room_settings("contract") };
    let trial = Trial::of(store, clock, settings).await;
    for index in [0, 1] {
        trial.freeze_at(index).await;
    }
    for lane in Lane::ALL {
        trial.join_lane(lane, 4).await;
    }
    let deed = by().supplied(0, "3 17 21");
    let supplied = store.supply_entropy(trial.room(), &trial.beginner(), 0, "3 17 21", &deed).await;
    assert!(supplied.expect("supply"));
    trial.call(|call| call.called = PerLane([3, 2, 1])).await;
    assert_eq!(trial.redeem(0, 0).await, trial.new_pass());
    trial
}

/// One memory for each part in which an instance can know more.
fn memories_that_know_more(memory: &Memory) -> Vec<(&'static str, Memory)> {
    let more = |part, change: fn(&mut Memory)| {
        let mut more = memory.clone();
        change(&mut more);
        (part, more)
    };
    vec![
        more("epoch", |memory| memory.epoch += 1),
        more("levers", |memory| memory.live.version += 1),
        more("entered", |memory| memory.entered[Lane::Public] += 1),
        more("entered by hotline", |memory| memory.entered[Lane::Hotline] += 1),
        more("entered by invitation", |memory| memory.entered[Lane::Priority] += 1),
        more("called", |memory| memory.called[Lane::Public] += 1),
        more("called by hotline", |memory| memory.called[Lane::Hotline] += 1),
        more("called by invitation", |memory| memory.called[Lane::Priority] += 1),
        more("a boundary", |memory| {
            let frozen = Frozen { at: START, entries: memory.entered };
            memory.frozen.insert(2, frozen);
        }),
        more("a boundary frozen earlier", |memory| {
            let frozen = Frozen { at: after(-1), ..memory.frozen[&1] };
            memory.frozen.insert(1, frozen);
        }),
        more("entropy", |memory| {
            memory.entropy.insert(1, "4 18 22".into());
        }),
    ]
}

/// A store that knows less, in whatever part, answers only that, and does nothing.
pub async fn a_store_that_knows_less_does_nothing(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = busy_room(store, clock).await;
    let before = trial.state().await;
    let mut knows_more = memories_that_know_more(&before.memory);
    let later_line = Memory { incarnation: 2, ..Memory::of_new_room(&trial.settings) };
    knows_more.push(("incarnation", later_line));
    for (part, memory) in knows_more {
        for (operation, answer) in every_operation(&trial, &Digest::of(&memory)).await {
            let is_behind =
                matches!(&answer, Err(RoomStoreError::Behind(room)) if room == trial.room());
            assert!(is_behind, "{operation} of a store that knows less: {part}: {answer:?}");
        }
        assert_eq!(trial.state().await, before, "{part}");
    }
}

/// A room that the store does not know is forgotten, not empty: nobody but the operator makes it.
pub async fn an_unknown_room_is_forgotten(store: &dyn RoomStore, clock: &ManualClock) {
    clock.set(START);
    let trial = Trial { store, clock, settings: room_settings("contract") };
    for digest in [None, Some(trial.beginner())] {
        let answer = store.read(&[trial.ask(digest)]).await.expect("read").pop().expect("one");
        assert!(matches!(answer, Err(RoomStoreError::Behind(_))), "{answer:?}");
    }
    for (operation, answer) in every_operation(&trial, &trial.beginner()).await {
        assert!(matches!(answer, Err(RoomStoreError::Behind(_))), "{operation}: {answer:?}");
    }
    assert_eq!(store.settings(trial.room()).await.expect("settings"), None);
    assert_eq!(store.list(None, 9).await.expect("list"), []);
}

/// P8, P12: merging raises exactly what the store lacks, under the next epoch, and then issues nothing for a
/// moment. What the gate noted, and passes, stay.
pub async fn merging_raises_part_by_part(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = busy_room(store, clock).await;
    let quiet = Duration::from_secs(2);
    let known = trial.memory().await;
    for (part, memory) in memories_that_know_more(&known) {
        trial.pass_s(10);
        trial.call(|call| call.express = 2).await;
        let before = trial.state().await;
        let reading = store.merge(&trial.settings, &memory, quiet).await.expect("merge");
        let after = trial.state().await;
        assert_eq!((reading.now, &reading.state), (trial.now(), &after), "{part}");
        assert!(after.memory.epoch > before.memory.epoch.max(memory.epoch), "{part}");
        let epoch = after.memory.epoch;
        let merged = Memory { epoch, ..before.memory.merge(&memory) };
        assert_eq!(after.memory, merged, "{part}");
        assert_eq!(after.quiet_until, trial.now().plus(quiet), "{part}");
        assert_eq!((after.express, after.active), (0, before.active), "{part}");
        assert_eq!(after.ledger, before.ledger, "{part}");
        let arrivals = Arrivals { lane: Lane::Public, people: vec![SOMEBODY] };
        let until = after.quiet_until;
        assert_eq!(trial.try_join(&arrivals).await, JoinReply::Quiet { until }, "{part}");
        assert_eq!(trial.redeem(0, 0).await, before_pass(&trial), "{part}");
    }
}

/// The pass that [`busy_room`] gave out at the beginning.
fn before_pass(trial: &Trial<'_>) -> crate::store::Redeemed {
    let ttl = Duration::from_secs(trial.settings.pass.ttl_s.into());
    crate::store::Redeemed::Admitted { expires_at: START.plus(ttl) }
}

/// Merging what the store knows already changes nothing: no epoch, no quiet time.
pub async fn merging_what_is_known_changes_nothing(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = busy_room(store, clock).await;
    let before = trial.state().await;
    let older = Memory { entered: PerLane::public(2), epoch: 1, ..before.memory.clone() };
    for memory in [before.memory.clone(), older] {
        let quiet = Duration::from_secs(2);
        let reading = store.merge(&trial.settings, &memory, quiet).await.expect("merge");
        assert_eq!(reading.state, before);
        assert_eq!(trial.state().await, before);
    }
}

/// P8: what other instances add while the room is quiet needs no further epoch, and prolongs the silence.
pub async fn others_may_add_while_the_room_is_quiet(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = busy_room(store, clock).await;
    let known = trial.memory().await;
    let quiet = Duration::from_secs(2);
    let one = Memory { entered: PerLane([9, 4, 4]), ..known.clone() };
    let other = Memory { entered: PerLane([7, 8, 4]), called: PerLane([4, 2, 1]), ..known };
    let first = store.merge(&trial.settings, &one, quiet).await.expect("merge").state;
    trial.pass_s(1);
    let second = store.merge(&trial.settings, &other, quiet).await.expect("merge").state;
    assert_eq!(second.memory.epoch, first.memory.epoch);
    assert_eq!(second.memory.entered, PerLane([9, 8, 4]));
    assert_eq!(second.quiet_until, first.quiet_until.plus(Duration::from_secs(1)));
    clock.set(second.quiet_until);
    assert_eq!(trial.join(1).await, [9]);
    // Now entries were issued under that epoch, so what still comes begins the next.
    let late = Memory { called: PerLane([4, 3, 1]), ..other };
    let third = store.merge(&trial.settings, &late, quiet).await.expect("merge").state;
    assert!(third.memory.epoch > second.memory.epoch);
}

/// P8, P12: a store that has lost everything is given the room back by whoever remembers it, under an epoch
/// above all that may have been.
pub async fn a_forgotten_room_is_made_of_a_memory(store: &dyn RoomStore, clock: &ManualClock) {
    clock.set(after(20));
    let settings = room_settings("contract");
    let trial = Trial { store, clock, settings };
    let mut memory = Memory::of_new_room(&trial.settings);
    memory.epoch = 3;
    memory.entered = PerLane([500, 0, 7]);
    memory.called = PerLane([40, 0, 2]);
    memory.live = LiveSettings { version: 4, burst: 77, ..memory.live };
    memory.saw_boundary(0, Frozen { at: after(-3_600), entries: PerLane::default() });
    memory.saw_boundary(1, Frozen { at: after(1), entries: PerLane([300, 0, 5]) });
    let quiet = Duration::from_secs(2);
    let state = store.merge(&trial.settings, &memory, quiet).await.expect("merge").state;
    assert!(i64::from(state.memory.epoch) >= after(20).unix_s(), "{}", state.memory.epoch);
    assert_eq!(state.memory, Memory { epoch: state.memory.epoch, ..memory.clone() });
    assert_eq!(state.quiet_until, after(22));
    assert_eq!(trial.state().await, state);
    let known = store.settings(trial.room()).await.expect("settings");
    assert_eq!(known.as_ref(), Some(&trial.settings));
    assert_eq!(store.list(None, 9).await.expect("list"), std::slice::from_ref(trial.room()));
    clock.set(after(22));
    assert_eq!(trial.join(1).await, [500]);
    trial.freeze(1).await;
    assert_eq!(trial.memory().await.frozen, memory.frozen, "the first freeze counts");
    assert_eq!(trial.redeem(39, 1).await, trial.new_pass());
    let first = trial.first_reading().await.state;
    assert_eq!(first.memory.epoch, state.memory.epoch, "it is not taken for one left alone");
}

/// A memory of a later line replaces what the store has of an earlier one; nothing of that is left.
pub async fn a_later_line_is_healed_over_an_earlier_one(
    store: &dyn RoomStore,
    clock: &ManualClock,
) {
    let old = busy_room(store, clock).await;
    let settings = line_settings("contract", 2);
    let memory = Memory { entered: PerLane::public(2), ..Memory::of_new_room(&settings) };
    store.merge(&settings, &memory, Duration::ZERO).await.expect("merge");
    let new = Trial { settings, ..old };
    let state = new.state().await;
    assert_eq!((state.memory.incarnation, state.active), (2, 0));
    assert_eq!(state.memory.entered, PerLane::public(2));
    assert_eq!(store.settings(new.room()).await.expect("settings").as_ref(), Some(&new.settings));
    let earlier = Memory { incarnation: 1, ..memory };
    let earlier = store.merge(&room_settings("contract"), &earlier, Duration::ZERO).await;
    assert!(matches!(earlier, Err(RoomStoreError::Replaced(_))), "{earlier:?}");
}

/// P8: whoever comes to a room that was left alone cannot know whether it is an older copy, so it goes on
/// under the next epoch; a room that others look after does not change.
pub async fn a_room_left_alone_begins_the_next_epoch(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.join(3).await;
    let epoch = trial.memory().await.epoch;
    clock.advance(LEFT_ALONE);
    assert_eq!(trial.first_reading().await.state.memory.epoch, epoch, "just not left alone");
    assert_eq!(trial.first_reading().await.state.memory.epoch, epoch);
    trial.pass_s(10);
    let state = trial.first_reading().await.state;
    assert!(state.memory.epoch > epoch);
    assert!(state.quiet_until <= trial.now(), "nothing was due, so no freeze can be lost");
    assert_eq!(trial.first_reading().await.state, state, "only the first newcomer");
    let entries = trial.enter(&Arrivals { lane: Lane::Public, people: vec![SOMEBODY] }).await;
    assert_eq!(entries.epoch, state.memory.epoch);
    trial.pass_s(10);
    trial.state().await;
    assert_eq!(trial.first_reading().await.state.memory.epoch, state.memory.epoch, "just read");
    trial.pass_s(10);
    trial.join(1).await;
    assert_eq!(trial.first_reading().await.state.memory.epoch, state.memory.epoch, "just joined");
}

/// P12: if a boundary became due while a room was left alone, perhaps it was frozen, and that was lost: the
/// tickets are listened to before it is frozen again.
pub async fn a_room_left_alone_at_a_boundary_listens(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::gathering(store, clock).await;
    trial.join(3).await;
    clock.set(after(5));
    let state = trial.first_reading().await.state;
    let until = after(5).plus(trial.settings.listening_time());
    assert_eq!(state.quiet_until, until);
    let arrivals = Arrivals { lane: Lane::Public, people: vec![SOMEBODY] };
    assert_eq!(trial.try_join(&arrivals).await, JoinReply::Quiet { until });
    trial.freeze(1).await;
    assert_eq!(trial.memory().await.frozen.len(), 1);
    let told = Frozen { at: after(1), entries: PerLane::public(4) };
    let mut memory = state.memory;
    memory.saw_boundary(1, told);
    store.merge(&trial.settings, &memory, Duration::ZERO).await.expect("merge");
    clock.set(until);
    trial.freeze(1).await;
    assert_eq!(trial.memory().await.frozen[&1], told);
    assert_eq!(trial.join(1).await, [4]);
}
