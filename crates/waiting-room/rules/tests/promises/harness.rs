//! Instances of the waiting room on one in-memory store, on a clock that tests move.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::{BatcherLimits, Clock, ManualClock, Postcode, SeededEntropy, Timestamp};
use pass::{KeySet, PassMinter, PassVerifier, SigningKey};
use waiting_room::contract::{START, SwitchedStore, room_settings};
use waiting_room::draw::DrawKey;
use waiting_room::outcome::{Answer, IssuedPass, Joined, Redemptions};
use waiting_room::ticket::TicketKeys;
use waiting_room::waiting_room::{Limits, Parts};
use waiting_room::{MemoryRoomStore, RoomSettings, RoomStore, WaitingRoom};

pub const ROOM: &str = "town";

/// A store, a clock, and instances made on demand.
pub struct Town {
    pub clock: Arc<ManualClock>,
    pub store: Arc<SwitchedStore>,
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
        let store = Arc::new(SwitchedStore::new(store));
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
