//! Batches of the largest size, which a script handles in several rounds: the same answers as the
//! model's.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, ManualClock};
use waiting_room::contract::{START, created, pass_id, room_settings};
use waiting_room::gate::Ledger;
use waiting_room::lane::{Lane, PerLane};
use waiting_room::memory::Memory;
use waiting_room::memory::digest::Digest;
use waiting_room::priority::CodeNumber;
use waiting_room::settings::GateSettings;
use waiting_room::state::{BookingReport, Counts, RoomState};
use waiting_room::store::{
    Arrival, Arrivals, Call, Entered, Freeze, JoinKey, JoinReply, Redeemed, Redemption,
};
use waiting_room::{MemoryRoomStore, RoomId, RoomSettings, RoomStore};
use waiting_room_redis::RedisRoomStore;

/// The same room in Redis and in the model, past its first opening.
struct Both {
    redis: RedisRoomStore,
    model: MemoryRoomStore,
    clock: Arc<ManualClock>,
    settings: RoomSettings,
    digest: Digest,
}

impl Both {
    async fn new(max_active: u32) -> Self {
        let (redis, clock, ()) = crate::manual_store().await;
        let model = MemoryRoomStore::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let settings = room_settings("batches");
        let gate = GateSettings {
            max_active,
            pace_per_minute: 6_000_000,
            burst: 100_000,
            ..settings.gate
        };
        let settings = RoomSettings { gate, ..settings };
        let digest = Digest::of(&Memory::of_new_room(&settings));
        clock.set(settings.first_gathering().minus(Duration::from_secs(1)));
        let both = Self { redis, model, clock, settings, digest };
        for store in both.stores() {
            store.create(&both.settings, &created(&both.settings)).await.expect("create");
        }
        both.clock.set(START);
        for index in [0, 1] {
            let freeze = Freeze { index, due_at: START, next_due_at: None };
            for store in both.stores() {
                store.freeze(both.room(), &both.digest, freeze).await.expect("freeze");
            }
        }
        both
    }

    fn stores(&self) -> [&dyn RoomStore; 2] {
        [&self.redis, &self.model]
    }

    fn room(&self) -> &RoomId {
        &self.settings.room
    }

    /// What both give.
    async fn both<T: Debug + PartialEq>(&self, ask: impl AsyncFn(&dyn RoomStore) -> T) -> T {
        let redis = ask(&self.redis).await;
        assert_eq!(redis, ask(&self.model).await, "redis on the left");
        redis
    }

    async fn join(&self, arrivals: &Arrivals) -> Vec<Entered> {
        let join = async |store: &dyn RoomStore| {
            store.join(self.room(), &self.digest, arrivals).await.expect("join")
        };
        match self.both(join).await {
            JoinReply::Entries(entries) => entries.people,
            other => panic!("expected entries, got {other:?}"),
        }
    }

    async fn redeem(&self, redemptions: &[Redemption]) -> Vec<Redeemed> {
        let redeem = async |store: &dyn RoomStore| {
            store.redeem(self.room(), &self.digest, redemptions).await.expect("redeem")
        };
        self.both(redeem).await
    }

    async fn call(&self, call_to: u64, express: u32) {
        let state = self.state().await;
        let ledger = Ledger { version: state.ledger.version + 1, ..Ledger::default() };
        let called = PerLane::public(call_to);
        let call = Call { called, ledger, express, express_behind: None };
        let digest = Digest::of(&state.memory);
        let move_gate = async |store: &dyn RoomStore| {
            store.call(self.room(), &digest, &call).await.expect("call")
        };
        assert!(self.both(move_gate).await);
    }

    async fn state(&self) -> RoomState {
        let nothing = Memory::of_new_room(&self.settings);
        let look = async |store: &dyn RoomStore| {
            store.merge(&self.settings, &nothing, Duration::ZERO).await.expect("known").state
        };
        self.both(look).await
    }
}

fn admitted(answers: &[Redeemed]) -> usize {
    answers.iter().filter(|answer| matches!(answer, Redeemed::Admitted { .. })).count()
}

fn redemption(place: u64, pass: u64) -> Redemption {
    Redemption { lane: Lane::Public, place, step: Some(1 + place % 3), pass_id: pass_id(pass) }
}

fn arrivals(key_of: impl Fn(u32) -> Option<u32>) -> Arrivals {
    let arrival = |number: u32| {
        let key = |from: u32| {
            let mut key = [0; 16];
            key[..4].copy_from_slice(&from.to_be_bytes());
            JoinKey { key, fingerprint: u32::MAX - from }
        };
        Arrival { pass_id: Some(pass_id(number.into())), key: key_of(number).map(key), code: None }
    };
    Arrivals { lane: Lane::Public, people: (0..1_000).map(arrival).collect() }
}

#[tokio::test]
async fn a_thousand_arrivals_are_admitted_as_far_as_the_bounds_go() {
    let both = Both::new(700).await;
    both.call(0, 10_000).await;
    let people = both.join(&arrivals(|_| None)).await;
    let is_admitted =
        |entered: &Entered| matches!(entered, Entered::New { admitted_until: Some(_), .. });
    assert!(people[..700].iter().all(is_admitted));
    assert!(!people[700..].iter().any(is_admitted));
    let state = both.state().await;
    assert_eq!(
        (state.memory.entered, state.memory.called),
        (PerLane::public(1_000), PerLane::public(700))
    );
    assert_eq!((state.active, state.express), (700, 9_300));
}

/// P3: every tenth of a thousand repeats the one before it, with passes and keys at the same time.
#[tokio::test]
async fn a_thousand_arrivals_with_keys_are_repeated() {
    let both = Both::new(700).await;
    both.call(0, 10_000).await;
    let batch = arrivals(|number| Some(if number % 10 == 9 { number - 1 } else { number }));
    let people = both.join(&batch).await;
    let is_repeated = |entered: &&Entered| matches!(entered, Entered::Repeated { .. });
    assert_eq!(people.iter().filter(is_repeated).count(), 100);
    let state = both.state().await;
    assert_eq!((state.memory.entered, state.active), (PerLane::public(900), 700));

    let again = both.join(&batch).await;
    assert_eq!(again.iter().filter(is_repeated).count(), 1_000);
    let entry = |entered: &Entered| match entered {
        Entered::New { entry, .. } | Entered::Repeated { entry, .. } => *entry,
        Entered::KeyReused | Entered::CodeUsed => panic!("the same was asked for"),
    };
    let entries = |people: &[Entered]| people.iter().map(entry).collect::<Vec<_>>();
    assert_eq!(entries(&again), entries(&people));
    assert_eq!(both.state().await, state);
}

/// P17: every tenth of a thousand comes with the code of the one before it, half of all with keys besides.
#[tokio::test]
async fn a_thousand_arrivals_use_codes() {
    let both = Both::new(700).await;
    both.call(0, 10_000).await;
    let mut batch = arrivals(|number| (number % 2 == 0).then_some(number));
    for (number, person) in (0..).zip(&mut batch.people) {
        person.code = CodeNumber::new(if number % 10 == 9 { number - 1 } else { number });
    }
    let people = both.join(&batch).await;
    let is_used = |entered: &&Entered| **entered == Entered::CodeUsed;
    assert_eq!(people.iter().filter(is_used).count(), 100);
    let state = both.state().await;
    assert_eq!((state.memory.entered, state.active), (PerLane::public(900), 700));

    let again = both.join(&batch).await;
    assert_eq!(again.iter().filter(is_used).count(), 500, "those that cannot be repeated");
    assert_eq!(both.state().await, state);
}

#[tokio::test]
async fn a_thousand_redemptions_with_repetitions_and_shared_places() {
    let both = Both::new(100_000).await;
    both.call(800, 0).await;
    let batch: Vec<Redemption> = (0..1_000)
        .map(|number| match number % 10 {
            7 => redemption(number - 7, number - 7),
            8 => redemption(number - 8, 5_000 + number),
            _ => redemption(number, number),
        })
        .collect();
    let answers = both.redeem(&batch).await;
    assert_eq!(admitted(&answers), 800);
    assert_eq!(answers.iter().filter(|answer| **answer == Redeemed::NotCalled).count(), 200);
    let state = both.state().await;
    assert_eq!((state.active, state.came.values().sum::<u64>()), (720, 720));

    let report = BookingReport {
        counts: Counts {
            counted_at: START,
            places_left: 1,
            held_passes: 0,
            held_seats: 0,
            queue_depth: 0,
            queue_depth_max: 1,
        },
        departures: (0..1_000).map(pass_id).collect(),
    };
    for store in both.stores() {
        store.report(both.room(), &both.digest, &report).await.expect("report");
    }
    assert_eq!(both.state().await.active, 80);
    let rest: Vec<_> = (5_000..6_000).map(pass_id).collect();
    for store in both.stores() {
        store.end_passes(both.room(), &both.digest, &rest).await.expect("end passes");
    }
    assert_eq!(both.state().await.active, 0);
    assert_eq!(both.redeem(&batch).await.iter().filter(|a| **a == Redeemed::Used).count(), 800);
}

/// P11: thousands of passes that are over take nobody's place, and keep nobody's subject from being known.
#[tokio::test]
async fn thousands_of_expired_passes_take_nobodys_place() {
    let both = Both::new(2_400).await;
    both.call(10_000, 0).await;
    for from in [0, 900, 1_800] {
        let batch: Vec<Redemption> = (from..from + 800).map(|n| redemption(n, n)).collect();
        assert_eq!(admitted(&both.redeem(&batch).await), 800);
    }
    assert_eq!(both.redeem(&[redemption(850, 850)]).await, [Redeemed::Busy]);
    both.clock.advance(Duration::from_mins(15));
    assert_eq!(both.state().await.active, 0);
    let answers = both.redeem(&[redemption(850, 850), redemption(3, 3)]).await;
    assert_eq!((admitted(&answers), answers[1]), (1, Redeemed::Used));
}
