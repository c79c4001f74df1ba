//! Instances of the waiting room on one in-memory store, on a clock that tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use kernel::{BatcherLimits, Clock, ManualClock, Postcode, SeededEntropy, Timestamp};
use pass::{KeySet, PassId, PassMinter, PassVerifier, SigningKey};
use waiting_room::contract::{START, room_settings};
use waiting_room::draw::DrawKey;
use waiting_room::gate::Ledger;
use waiting_room::outcome::{Answer, IssuedPass, Joined, Redemptions};
use waiting_room::state::{Floor, RoomState};
use waiting_room::store::{
    AdmissionLimits, Arrivals, Created, Entries, FreezeAt, Reading, Redeemed, Redemption, Result,
    Signals,
};
use waiting_room::ticket::TicketKeys;
use waiting_room::waiting_room::{Limits, Parts};
use waiting_room::{MemoryRoomStore, RoomId, RoomSettings, RoomStore, RoomStoreError, WaitingRoom};

pub const ROOM: &str = "town";

/// A store that can be cut off.
pub struct Severable {
    pub store: MemoryRoomStore,
    pub is_down: AtomicBool,
}

impl Severable {
    fn reach(&self) -> Result<&MemoryRoomStore> {
        if self.is_down.load(Ordering::SeqCst) {
            Err(RoomStoreError::Unavailable("cut off".into()))
        } else {
            Ok(&self.store)
        }
    }
}

#[async_trait]
impl RoomStore for Severable {
    async fn create(&self, settings: &RoomSettings) -> Result<Created> {
        self.reach()?.create(settings).await
    }

    async fn rooms(&self) -> Result<Vec<RoomSettings>> {
        self.reach()?.rooms().await
    }

    async fn sync(&self, room: &RoomId, floor: Floor) -> Result<Option<Reading>> {
        self.reach()?.sync(room, floor).await
    }

    async fn restore(
        &self,
        settings: &RoomSettings,
        memory: &RoomState,
        joins_from: Timestamp,
    ) -> Result<()> {
        self.reach()?.restore(settings, memory, joins_from).await
    }

    async fn join(&self, room: &RoomId, arrivals: &Arrivals, now: Timestamp) -> Result<Entries> {
        self.reach()?.join(room, arrivals, now).await
    }

    async fn freeze(&self, room: &RoomId, index: usize, boundary: FreezeAt) -> Result<()> {
        self.reach()?.freeze(room, index, boundary).await
    }

    async fn call(&self, room: &RoomId, call_to: u64, ledger: &Ledger) -> Result<bool> {
        self.reach()?.call(room, call_to, ledger).await
    }

    async fn redeem(
        &self,
        room: &RoomId,
        redemptions: &[Redemption],
        limits: &AdmissionLimits,
        now: Timestamp,
    ) -> Result<Vec<Redeemed>> {
        self.reach()?.redeem(room, redemptions, limits, now).await
    }

    async fn leave(&self, room: &RoomId, pass_ids: &[PassId]) -> Result<()> {
        self.reach()?.leave(room, pass_ids).await
    }

    async fn signal(&self, room: &RoomId, signals: &Signals) -> Result<()> {
        self.reach()?.signal(room, signals).await
    }

    async fn ready(&self) -> Result<()> {
        self.reach()?.ready().await
    }
}

/// A store, a clock, and instances made on demand.
pub struct Town {
    pub clock: Arc<ManualClock>,
    pub store: Arc<Severable>,
    pub settings: RoomSettings,
    seed: std::cell::Cell<u64>,
}

impl Town {
    /// A town whose room has these settings, `s` seconds after the first opening.
    pub fn at(s: i64, adjust: impl FnOnce(&mut RoomSettings)) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_s(START.unix_s() + s)));
        let store = MemoryRoomStore::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let mut settings = room_settings(ROOM);
        adjust(&mut settings);
        let store = Arc::new(Severable { store, is_down: AtomicBool::new(false) });
        Self { clock, store, settings, seed: std::cell::Cell::new(1) }
    }

    /// One more instance, with the room open.
    pub async fn instance(&self) -> Arc<WaitingRoom> {
        self.instance_with(|_| ()).await
    }

    pub async fn instance_with(&self, adjust: impl FnOnce(&mut Limits)) -> Arc<WaitingRoom> {
        self.seed.set(self.seed.get() + 1);
        let batches = BatcherLimits { queue_depth_max: 10_000, batch_max: 100 };
        let mut limits = Limits {
            joins: batches,
            redemptions: batches,
            renew_every: Duration::from_millis(250),
        };
        adjust(&mut limits);
        let key = SigningKey::generate(&SeededEntropy::new(7));
        let instance = WaitingRoom::new(Parts {
            store: Arc::clone(&self.store) as Arc<dyn RoomStore>,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(self.seed.get())),
            ticket_keys: TicketKeys::new(1, &[5; 32]),
            draw_key: DrawKey::new(&[1; 32]),
            verifier: verifier(),
            minter: PassMinter::new(key, "einlass"),
            limits,
        });
        instance.create(&self.settings).await.expect("created");
        Arc::new(instance)
    }

    pub fn pass_s(&self, s: u64) {
        self.clock.advance(Duration::from_secs(s));
    }
}

/// Accepts what every instance mints.
pub fn verifier() -> PassVerifier {
    let key = SigningKey::generate(&SeededEntropy::new(7));
    let keys = KeySet::new([key.public_key().clone()]).expect("one key");
    PassVerifier::new("einlass", Arc::new(ArcSwap::from_pointee(keys)))
}

pub fn speyer() -> Postcode {
    "67346".parse().expect("postcode")
}

pub async fn join(instance: &WaitingRoom) -> Answer {
    match instance.join(ROOM, None, speyer(), None).await {
        Ok(Joined::New(answer)) => answer,
        other => panic!("expected a new entry, got {other:?}"),
    }
}

pub async fn join_many(instance: &Arc<WaitingRoom>, count: usize) -> Vec<Answer> {
    let joins = (0..count).map(|_| {
        let instance = Arc::clone(instance);
        tokio::spawn(async move { join(&instance).await })
    });
    let tasks: Vec<_> = joins.collect();
    let mut answers = Vec::with_capacity(count);
    for task in tasks {
        answers.push(task.await.expect("joined"));
    }
    answers
}

pub async fn redeem(instance: &WaitingRoom, answer: &Answer) -> Option<IssuedPass> {
    match instance.redeem(ROOM, &answer.ticket).await.expect("an outcome") {
        Redemptions::Pass(pass) => Some(pass),
        Redemptions::NotYourTurn { .. } | Redemptions::Used => None,
    }
}
