//! Batches of the largest size, which a script handles in several rounds: the same answers as the
//! model's.

use std::sync::Arc;

use kernel::{Clock, ManualClock, SystemClock, Timestamp};
use waiting_room::contract::{START, limits, pass_id, room_settings};
use waiting_room::gate::Ledger;
use waiting_room::pace::Pace;
use waiting_room::state::{Floor, PlacesLeft};
use waiting_room::store::{
    AdmissionLimits, Arrivals, Entries, Express, Reading, Redeemed, Redemption, Signals,
};
use waiting_room::{MemoryRoomStore, RoomId, RoomStore};
use waiting_room_redis::RedisRoomStore;

/// The same room in Redis and in the model.
struct Both {
    redis: RedisRoomStore,
    model: MemoryRoomStore,
    room: RoomId,
}

impl Both {
    async fn new() -> Self {
        let redis = crate::shared_store().await;
        let model = MemoryRoomStore::new(Arc::new(ManualClock::at(SystemClock.now())));
        let settings = room_settings("batches");
        redis.create(&settings).await.expect("create");
        model.create(&settings).await.expect("create");
        Self { redis, model, room: settings.room }
    }

    async fn join(&self, arrivals: &Arrivals, now: Timestamp) -> Entries {
        let redis = self.redis.join(&self.room, arrivals, now).await.expect("join");
        assert_eq!(redis, self.model.join(&self.room, arrivals, now).await.expect("join"));
        redis
    }

    async fn redeem(
        &self,
        redemptions: &[Redemption],
        limits: &AdmissionLimits,
        now: Timestamp,
    ) -> Vec<Redeemed> {
        let redis = self.redis.redeem(&self.room, redemptions, limits, now).await.expect("redeem");
        let model = self.model.redeem(&self.room, redemptions, limits, now).await.expect("redeem");
        assert_eq!(redis, model);
        redis
    }

    async fn call(&self, version: u64, call_to: u64) {
        let ledger = Ledger { version, ..Ledger::default() };
        for store in [&self.redis as &dyn RoomStore, &self.model] {
            assert!(store.call(&self.room, call_to, &ledger).await.expect("call"));
        }
    }

    async fn sync(&self) -> Reading {
        let floor = Floor::default();
        let redis = self.redis.sync(&self.room, floor).await.expect("sync").expect("known");
        let model = self.model.sync(&self.room, floor).await.expect("sync").expect("known");
        assert_eq!(redis.state, model.state);
        redis
    }
}

fn unlimited() -> AdmissionLimits {
    AdmissionLimits { pace: Pace { interval_us: 1, burst: 100_000 }, ..limits(100_000, START) }
}

fn forever(limits: AdmissionLimits) -> AdmissionLimits {
    AdmissionLimits { expires_at: Timestamp::from_unix_s(9_000_000_000), ..limits }
}

fn admitted(answers: &[Redeemed]) -> usize {
    answers.iter().filter(|answer| matches!(answer, Redeemed::Admitted { .. })).count()
}

fn redemption(number: u64) -> Redemption {
    Redemption { place: number, pass_id: pass_id(number) }
}

#[tokio::test]
async fn a_thousand_arrivals_are_admitted_as_far_as_the_limits_go() {
    let both = Both::new().await;
    let arrivals = Arrivals {
        count: 1_000,
        floor: Floor::default(),
        express: Some(Express {
            pass_ids: (0..1_000).map(pass_id).collect(),
            boundaries: 0,
            limits: forever(AdmissionLimits { max_active: 700, ..unlimited() }),
        }),
    };
    assert_eq!(both.join(&arrivals, START).await.admitted, 700);
    let state = both.sync().await.state;
    assert_eq!((state.entered, state.called, state.active), (1_000, 700, 700));
    assert_eq!(state.redeemed_in_claim_window, 700);
}

#[tokio::test]
async fn nobody_is_admitted_behind_a_refused_arrival() {
    let both = Both::new().await;
    // Healed upward from an instance that saw more calls than entries.
    let floor = Floor { entered: 0, called: 5 };
    for store in [&both.redis as &dyn RoomStore, &both.model] {
        store.sync(&both.room, floor).await.expect("sync");
    }
    let limits = forever(unlimited());
    assert_eq!(admitted(&both.redeem(&[redemption(1)], &limits, START).await), 1);
    let pass_ids = (10..14).map(pass_id).collect();
    let express = Some(Express { pass_ids, boundaries: 0, limits });
    let arrivals = Arrivals { count: 4, floor: Floor::default(), express };
    assert_eq!(both.join(&arrivals, START).await.admitted, 1, "the second place is spent");
    assert_eq!(both.sync().await.state.active, 2);
    let third = [Redemption { place: 2, pass_id: pass_id(77) }];
    assert_eq!(admitted(&both.redeem(&third, &limits, START).await), 1, "is still unspent");
}

#[tokio::test]
async fn a_thousand_redemptions_with_repetitions_and_thieves() {
    let both = Both::new().await;
    let arrivals = Arrivals { count: 1_000, floor: Floor::default(), express: None };
    both.join(&arrivals, START).await;
    both.call(1, 800).await;
    let batch: Vec<Redemption> = (0..1_000)
        .map(|n| match n % 10 {
            7 => redemption(n - 7),
            8 => Redemption { place: n - 8, pass_id: pass_id(5_000 + n) },
            _ => redemption(n),
        })
        .collect();
    let answers = both.redeem(&batch, &forever(unlimited()), START).await;
    assert_eq!(admitted(&answers), 720, "of 800 called, 80 stolen");
    assert_eq!(answers.iter().filter(|answer| **answer == Redeemed::Used).count(), 80);
    assert_eq!(answers.iter().filter(|answer| **answer == Redeemed::NotCalled).count(), 200);
    assert_eq!(both.sync().await.state.active, 640);

    let everyone: Vec<_> = (0..1_000).map(pass_id).collect();
    let report = Signals {
        places_left: PlacesLeft { count: 1, as_of: START },
        departures: everyone[300..600].to_vec(),
    };
    for store in [&both.redis as &dyn RoomStore, &both.model] {
        store.signal(&both.room, &report).await.expect("signal");
    }
    assert_eq!(both.sync().await.state.active, 400);
    let everyone: Vec<_> = everyone.into_iter().rev().collect();
    for store in [&both.redis as &dyn RoomStore, &both.model] {
        store.leave(&both.room, &everyone).await.expect("leave");
    }
    assert_eq!(both.sync().await.state.active, 0);
}

#[tokio::test]
async fn more_expired_passes_than_one_sweep_removes_take_nobodys_place() {
    let both = Both::new().await;
    let floor = Floor { entered: 2_600, called: 2_600 };
    both.join(&Arrivals { count: 1, floor, express: None }, START).await;
    for from in [0, 900, 1_800] {
        let batch: Vec<Redemption> = (from..from + 800).map(redemption).collect();
        assert_eq!(admitted(&both.redeem(&batch, &unlimited(), START).await), 800);
    }
    let later = Timestamp::from_unix_s(START.unix_s() + 900);
    let one = forever(AdmissionLimits { max_active: 1, ..limits(1, later) });
    let answers = both.redeem(&[redemption(850), redemption(851)], &one, later).await;
    assert_eq!(admitted(&answers), 1, "2,400 are expired, one may come in");
    assert_eq!(both.sync().await.state.active, 1);
}
