//! What every room store must do: the tests that each one runs, and the operations that property
//! tests apply to a store and to the in-memory model alike.
//!
//! Every test makes rooms of its own, so a store may be shared.

#![expect(clippy::missing_panics_doc, reason = "a case panics when the store breaks the contract")]

mod switched;

pub use switched::SwitchedStore;

use kernel::{Municipality, ResidenceTable, Timestamp};
use pass::PassId;

use crate::draw::DrawKey;
use crate::gate::{Ledger, Step};
use crate::pace::Pace;
use crate::settings::{GateSettings, Opening, PassSettings, PollSettings, RoomId, RoomSettings};
use crate::state::{Floor, PlacesLeft, RoomState};
use crate::store::{
    AdmissionLimits, Arrivals, Created, Express, FreezeAt, Redeemed, Redemption, RoomStore,
    RoomStoreError, Signals,
};

/// The instant at which contract tests begin.
pub const START: Timestamp = Timestamp::from_unix_s(1_623_650_400);

/// A store counts the living passes by its own clock; those until then outlive every test.
const FAR_AWAY: Timestamp = Timestamp::from_unix_s(9_000_000_000);

/// A small room with this name.
#[must_use]
pub fn room_settings(room: &str) -> RoomSettings {
    let room: RoomId = room.parse().expect("tests use valid names");
    let key = DrawKey::new(&[1; 32]);
    let opening = |index: usize, gathers_s: i64, opens_s: i64| {
        let at = |s: i64| Timestamp::from_unix_s(START.unix_s() + s);
        Opening::committed(&key, &room, index, at(gathers_s), at(opens_s))
    };
    RoomSettings {
        openings: vec![opening(0, -3_600, 0), opening(1, 1_800, 3_600)],
        room: room.clone(),
        title_de: "Probe".into(),
        title_en: "Test".into(),
        closes_at: Timestamp::from_unix_s(START.unix_s() + 86_400),
        residence: ResidenceTable::new(vec![Municipality {
            postcode: "67346".parse().expect("postcode"),
            ags: "07318000".parse().expect("ags"),
            name: "Speyer".into(),
            eligible: true,
        }]),
        gate: GateSettings {
            max_active: 5,
            pace_per_minute: 60,
            burst: 10,
            claim_window_s: 600,
            places_factor_percent: 150,
        },
        pass: PassSettings { ttl_s: 900, seats_max: 4 },
        polling: PollSettings { min_s: 2, max_s: 30 },
    }
}

/// A pass id made of this number.
#[must_use]
pub fn pass_id(number: u64) -> PassId {
    let mut bytes = [0xab; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    PassId::from_bytes(bytes)
}

/// Limits that admit `max_active` at once and do not pace.
#[must_use]
pub fn limits(max_active: u32, now: Timestamp) -> AdmissionLimits {
    AdmissionLimits {
        max_active,
        pace: Pace { interval_us: 1_000_000, burst: 1_000 },
        expires_at: Timestamp::from_unix_s(now.unix_s() + 900),
    }
}

fn after(s: i64) -> Timestamp {
    Timestamp::from_unix_s(START.unix_s() + s)
}

fn arrivals(count: u32) -> Arrivals {
    Arrivals { count, floor: Floor::default(), express: None }
}

async fn new_room(store: &dyn RoomStore, name: &str) -> RoomId {
    let settings = room_settings(name);
    assert_eq!(store.create(&settings).await.expect("create"), Created::New);
    settings.room
}

async fn state(store: &dyn RoomStore, room: &RoomId) -> RoomState {
    store.sync(room, Floor::default()).await.expect("sync").expect("known").state
}

async fn call_to(store: &dyn RoomStore, room: &RoomId, call_to: u64) {
    let version = state(store, room).await.ledger.version + 1;
    let ledger = Ledger { version, ..Ledger::default() };
    assert!(store.call(room, call_to, &ledger).await.expect("call"));
}

async fn redeem_one(
    store: &dyn RoomStore,
    room: &RoomId,
    place: u64,
    limits: &AdmissionLimits,
    now: Timestamp,
) -> Redeemed {
    let redemption = Redemption { place, pass_id: pass_id(place) };
    store.redeem(room, &[redemption], limits, now).await.expect("redeem")[0]
}

/// A room is created once, listed with its settings, and keeps them.
pub async fn a_room_is_created_once(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    let settings = room_settings(name);
    assert_eq!(store.create(&settings).await.expect("create"), Created::Unchanged);
    let other = RoomSettings { title_en: "Other".into(), ..settings.clone() };
    assert_eq!(store.create(&other).await.expect("create"), Created::Different);
    let rooms = store.rooms().await.expect("rooms");
    assert!(rooms.contains(&settings), "{rooms:?}");
    assert_eq!(state(store, &room).await, RoomState::empty());
}

/// A room nobody created is forgotten, not empty.
pub async fn an_unknown_room_is_forgotten(store: &dyn RoomStore, name: &str) {
    let room: RoomId = name.parse().expect("name");
    assert_eq!(store.sync(&room, Floor::default()).await.expect("sync"), None);
    let joined = store.join(&room, &arrivals(1), START).await;
    assert!(matches!(joined, Err(RoomStoreError::Forgotten(_))), "{joined:?}");
    let left = store.leave(&room, &[pass_id(1)]).await;
    assert!(matches!(left, Err(RoomStoreError::Forgotten(_))), "{left:?}");
}

/// P8: entries follow each other without a gap and without repetition.
pub async fn entries_are_issued_once(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    let mut next = 0;
    for count in [1, 1_000, 3, 64] {
        let entries = store.join(&room, &arrivals(count), START).await.expect("join");
        assert_eq!((entries.epoch, entries.first, entries.admitted), (0, next, 0));
        next += u64::from(count);
    }
    assert_eq!(state(store, &room).await.entered, next);
}

/// P8, P12: counters rise to what an instance has seen and never fall.
pub async fn counters_heal_upward(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    let floor = Floor { entered: 70, called: 20 };
    let joined = Arrivals { floor, ..arrivals(2) };
    assert_eq!(store.join(&room, &joined, START).await.expect("join").first, 70);
    let lower = Floor { entered: 10, called: 3 };
    let reading = store.sync(&room, lower).await.expect("sync").expect("known");
    assert_eq!((reading.state.entered, reading.state.called), (72, 20));
    let higher = Floor { entered: 100, called: 30 };
    let reading = store.sync(&room, higher).await.expect("sync").expect("known");
    assert_eq!((reading.state.entered, reading.state.called), (100, 30));
}

/// P12: a forgotten room is restored once, under a new epoch, and stays quiet for a moment.
pub async fn a_forgotten_room_is_restored(store: &dyn RoomStore, name: &str) {
    let settings = room_settings(name);
    let memory = RoomState {
        epoch: 3,
        entered: 500,
        called: 40,
        ledger: Ledger { version: 9, ..Ledger::default() },
        ..RoomState::empty()
    };
    for entered in [500, 400] {
        let memory = RoomState { entered, ..memory.clone() };
        store.restore(&settings, &memory, after(2)).await.expect("restore");
    }
    let room = &settings.room;
    assert_eq!(state(store, room).await, RoomState { epoch: 4, ..memory });
    let early = store.join(room, &arrivals(1), after(1)).await;
    assert!(matches!(early, Err(RoomStoreError::Unavailable(_))), "{early:?}");
    let entries = store.join(room, &arrivals(1), after(2)).await.expect("join");
    assert_eq!((entries.epoch, entries.first), (4, 500));
}

/// Boundaries freeze in order, each once; the first call decides.
pub async fn boundaries_freeze_once(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    let secret = DrawKey::new(&[1; 32]).secret(&room, 0);
    let start = FreezeAt { now: after(-60), secret: None };
    let draw = FreezeAt { now: after(0), secret: Some(secret) };
    store.freeze(&room, 1, draw).await.expect("freeze");
    assert_eq!(state(store, &room).await.frozen, [], "an earlier one is missing");
    store.freeze(&room, 0, start).await.expect("freeze");
    store.join(&room, &arrivals(10), START).await.expect("join");
    store.freeze(&room, 0, start).await.expect("freeze");
    store.freeze(&room, 1, draw).await.expect("freeze");
    store.join(&room, &arrivals(5), START).await.expect("join");
    store.freeze(&room, 1, FreezeAt { now: after(9), secret: Some(secret) }).await.expect("freeze");
    assert_eq!(state(store, &room).await.frozen, [start.at_entry(0), draw.at_entry(10)]);
    let entries = store.join(&room, &arrivals(1), START).await.expect("join");
    assert_eq!(entries.boundaries, 2);
}

/// One instance at a time moves the gate; `called` never falls.
pub async fn calls_are_compare_and_set(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    let ledger = |version| Ledger {
        version,
        call_tat_us: 1_623_650_400_123_456,
        claim_from: 2,
        steps: vec![Step { at: after(1), called: 7 }],
    };
    assert!(store.call(&room, 7, &ledger(1)).await.expect("call"));
    assert!(!store.call(&room, 9, &ledger(1)).await.expect("call"), "another was first");
    assert!(!store.call(&room, 9, &ledger(3)).await.expect("call"), "not the successor");
    assert!(store.call(&room, 5, &ledger(2)).await.expect("call"));
    let state = state(store, &room).await;
    assert_eq!((state.called, state.ledger), (7, ledger(2)));
}

/// P9: a place is redeemed once; a repetition gets the same answer while the pass lives.
pub async fn a_place_is_redeemed_once(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    store.join(&room, &arrivals(10), START).await.expect("join");
    call_to(store, &room, 3).await;
    let first = limits(5, START);
    let admitted = Redeemed::Admitted { expires_at: first.expires_at };
    assert_eq!(redeem_one(store, &room, 3, &first, START).await, Redeemed::NotCalled);
    assert_eq!(redeem_one(store, &room, 2, &first, START).await, admitted);
    let later = limits(5, after(30));
    assert_eq!(redeem_one(store, &room, 2, &later, after(30)).await, admitted, "repeated");
    let thief = [Redemption { place: 2, pass_id: pass_id(99) }];
    assert_eq!(
        store.redeem(&room, &thief, &later, after(30)).await.expect("redeem"),
        [Redeemed::Used]
    );
    assert_eq!(
        redeem_one(store, &room, 2, &limits(5, after(901)), after(901)).await,
        Redeemed::Used
    );
    let state = state(store, &room).await;
    assert_eq!(state.redeemed_in_claim_window, 1);
}

/// Only redemptions of the claim window are counted.
pub async fn redemptions_are_counted_in_the_claim_window(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    store.join(&room, &arrivals(40), START).await.expect("join");
    call_to(store, &room, 30).await;
    for place in [0, 6, 7, 8, 15, 16, 17, 29] {
        redeem_one(store, &room, place, &limits(100, START), START).await;
    }
    for (version, claim_from, expected) in [(2, 0, 8), (3, 7, 6), (4, 8, 5), (5, 17, 2), (6, 30, 0)]
    {
        let ledger = Ledger { version, claim_from, ..Ledger::default() };
        assert!(store.call(&room, 30, &ledger).await.expect("call"));
        let counted = state(store, &room).await.redeemed_in_claim_window;
        assert_eq!(counted, expected, "from place {claim_from}");
    }
}

/// P11: at most `max_active` passes are alive; one that expires or is left makes room.
pub async fn active_passes_are_bounded(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    store.join(&room, &arrivals(10), START).await.expect("join");
    call_to(store, &room, 10).await;
    let two = limits(2, START);
    let admitted = Redeemed::Admitted { expires_at: two.expires_at };
    assert_eq!(redeem_one(store, &room, 0, &two, START).await, admitted);
    assert_eq!(redeem_one(store, &room, 1, &two, START).await, admitted);
    assert_eq!(redeem_one(store, &room, 2, &two, START).await, Redeemed::Busy);
    store.leave(&room, &[pass_id(0), pass_id(77)]).await.expect("leave");
    assert_eq!(redeem_one(store, &room, 2, &two, START).await, admitted);
    assert_eq!(redeem_one(store, &room, 0, &two, START).await, Redeemed::Used, "left");
    assert_eq!(redeem_one(store, &room, 3, &two, START).await, Redeemed::Busy);
    let later = limits(2, after(900));
    let admitted = Redeemed::Admitted { expires_at: later.expires_at };
    assert_eq!(redeem_one(store, &room, 3, &later, after(900)).await, admitted, "both expired");
}

/// P11: admissions keep the pace.
pub async fn admissions_keep_the_pace(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    store.join(&room, &arrivals(10), START).await.expect("join");
    call_to(store, &room, 10).await;
    let paced =
        |now| AdmissionLimits { pace: Pace { interval_us: 500_000, burst: 2 }, ..limits(100, now) };
    let mut answers = Vec::new();
    for (place, s) in [(0, 0), (1, 0), (2, 0), (2, 1), (3, 1), (4, 1)] {
        let answer = redeem_one(store, &room, place, &paced(after(s)), after(s)).await;
        answers.push(matches!(answer, Redeemed::Admitted { .. }));
    }
    assert_eq!(answers, [true, true, false, true, true, false]);
    let state = state(store, &room).await;
    assert_eq!(state.admission_tat_us, after(2).unix_ms() * 1_000);
}

/// Who arrives when nobody waits is admitted at once, within the limits.
pub async fn idle_rooms_admit_on_arrival(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    let express = |ids: std::ops::Range<u64>, boundaries| Arrivals {
        count: 3,
        floor: Floor::default(),
        express: Some(Express {
            pass_ids: ids.map(pass_id).collect(),
            boundaries,
            limits: AdmissionLimits { expires_at: FAR_AWAY, ..limits(4, START) },
        }),
    };
    let old_view = store.join(&room, &express(100..103, 2), START).await.expect("join");
    assert_eq!(old_view.admitted, 0, "the instance's view is not the store's");
    let behind = store.join(&room, &express(100..103, 0), START).await.expect("join");
    assert_eq!((behind.first, behind.admitted), (3, 0), "three wait");
    call_to(store, &room, 6).await;
    let admitted = store.join(&room, &express(0..2, 0), START).await.expect("join");
    assert_eq!((admitted.first, admitted.admitted), (6, 2));
    assert_eq!(state(store, &room).await.called, 8, "the third waits");
    call_to(store, &room, 9).await;
    let full = store.join(&room, &express(2..5, 0), START).await.expect("join");
    assert_eq!((full.first, full.admitted), (9, 2), "four are active");
    let state = state(store, &room).await;
    assert_eq!((state.called, state.entered, state.active), (11, 12, 4));
}

/// The latest count of places wins; departures free their passes.
pub async fn signals_are_taken_over(store: &dyn RoomStore, name: &str) {
    let room = new_room(store, name).await;
    store.join(&room, &arrivals(2), START).await.expect("join");
    call_to(store, &room, 2).await;
    let forever = AdmissionLimits { expires_at: FAR_AWAY, ..limits(2, START) };
    redeem_one(store, &room, 0, &forever, START).await;
    redeem_one(store, &room, 1, &forever, START).await;
    let report = |count, s, departures| Signals {
        places_left: PlacesLeft { count, as_of: after(s) },
        departures,
    };
    assert_eq!(state(store, &room).await.active, 2);
    store.signal(&room, &report(600, 10, vec![pass_id(1)])).await.expect("signal");
    store.signal(&room, &report(650, 9, vec![])).await.expect("signal");
    let state = state(store, &room).await;
    assert_eq!(state.places_left, Some(PlacesLeft { count: 600, as_of: after(10) }));
    assert_eq!(state.active, 1);
}

/// Writes one test for each case of the contract. `$setup` is an expression that gives a
/// `(store, guard)`; the guard lives as long as the test.
#[macro_export]
macro_rules! room_store_contract {
    ($setup:expr) => {
        $crate::room_store_contract!(@cases $setup;
            a_room_is_created_once, an_unknown_room_is_forgotten, entries_are_issued_once,
            counters_heal_upward, a_forgotten_room_is_restored, boundaries_freeze_once,
            calls_are_compare_and_set, a_place_is_redeemed_once,
            redemptions_are_counted_in_the_claim_window, active_passes_are_bounded,
            admissions_keep_the_pace, idle_rooms_admit_on_arrival, signals_are_taken_over,
        );
    };
    (@cases $setup:expr; $($case:ident,)+) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (store, _guard) = $setup;
                $crate::contract::$case(&store, &stringify!($case).replace('_', "-")).await;
            }
        )+
    };
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::ManualClock;

    use crate::MemoryRoomStore;

    room_store_contract!((MemoryRoomStore::new(Arc::new(ManualClock::at(super::START))), ()));
}
