//! Instances of the waiting room on one in-memory store, on a clock that tests move.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::{BatcherLimits, Clock, ManualClock, Postcode, SeededEntropy, Timestamp};
use pass::{Claims, IdentityKey, KeySet, PassId, PassMinter, PassVerifier, SigningKey};
use waiting_room::contract::{START, SwitchedStore, by, created, room_settings};
use waiting_room::draw::DrawKey;
use waiting_room::line::ticket::TicketKeys;
use waiting_room::live::LiveChange;
use waiting_room::memory::Memory;
use waiting_room::schedule::Schedule;
use waiting_room::service::operator::{self, SetOutcome};
use waiting_room::service::outcome::{Answer, IssuedPass, JoinOutcome, RedeemOutcome, RoomError};
use waiting_room::service::{GivenIdentity, JoinRequest, Limits, Parts, Signing};
use waiting_room::state::{BookingReport, Counts, RoomState};
use waiting_room::store::Created;
use waiting_room::view::Standing;
use waiting_room::{MemoryRoomStore, RoomSettings, RoomStore, WaitingRoom};

pub const ROOM: &str = "town";

/// A store, a clock, and instances made on demand.
pub struct Town {
    pub clock: Arc<ManualClock>,
    pub store: Arc<SwitchedStore>,
    pub settings: RoomSettings,
    seed: Cell<u64>,
}

impl Town {
    /// A town whose room has these settings, `s` seconds after the first opening. It was created in time,
    /// and what was due has happened.
    pub async fn at(s: i64, adjust: impl FnOnce(&mut RoomSettings)) -> Self {
        let town = Self::without_a_room(s, adjust);
        let now = town.clock.now();
        town.clock.set(town.settings.first_gathering().minus(Duration::from_secs(1_000)));
        assert_eq!(town.apply().await, Created::New);
        let keeper = town.instance().await;
        let schedule =
            Schedule::new(&town.settings, &town.settings.gate.levers(), &BTreeMap::new());
        let due = (0..).map_while(|index| schedule.boundary(index)).map(|due| due.at);
        for at in due.take_while(|at| *at <= now) {
            town.clock.set(at);
            keeper.renew().await;
        }
        town.clock.set(now);
        keeper.renew().await;
        town
    }

    /// A town whose operator has not applied the campaign.
    pub fn without_a_room(s: i64, adjust: impl FnOnce(&mut RoomSettings)) -> Self {
        let clock = Arc::new(ManualClock::at(after(s)));
        let store = MemoryRoomStore::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let mut settings = room_settings(ROOM);
        adjust(&mut settings);
        let store = Arc::new(SwitchedStore::new(store));
        Self { clock, store, settings, seed: Cell::new(1) }
    }

    /// The operator applies the campaign.
    pub async fn apply(&self) -> Created {
        self.store.create(&self.settings, &created(&self.settings)).await.expect("applied")
    }

    /// One more instance, which has looked for rooms once.
    pub async fn instance(&self) -> Arc<WaitingRoom> {
        self.instance_with(|_| ()).await
    }

    pub async fn instance_with(&self, adjust: impl FnOnce(&mut Parts)) -> Arc<WaitingRoom> {
        self.seed.set(self.seed.get() + 1);
        // Nothing may depend on how fast this machine is: nobody is shed, and a store that is back
        // is tried at once.
        let batches = BatcherLimits {
            wait_max: Duration::from_mins(1),
            probe_after: Some(Duration::ZERO),
            ..BatcherLimits::new(10_000, 100)
        };
        let mut parts = Parts {
            store: Arc::clone(&self.store) as Arc<dyn RoomStore>,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(self.seed.get())),
            signing: Signing::shared(TicketKeys::new(1, &[5; 32]), minter()),
            draw_key: DrawKey::new(&[1; 32]),
            identity_key: Some(IdentityKey::new(&[3; 32])),
            verifier: verifier(),
            limits: Limits {
                joins: batches,
                redemptions: batches,
                renew_every: Duration::from_millis(250),
                polls_per_s_max: 1_000,
            },
        };
        adjust(&mut parts);
        let instance = Arc::new(WaitingRoom::new(parts));
        instance.discover().await.expect("the store answers");
        instance
    }

    pub fn pass_s(&self, s: u64) {
        self.clock.advance(Duration::from_secs(s));
    }

    /// Second by second, with a renewal after each.
    pub async fn pass_renewing(&self, s: u64, instance: &WaitingRoom) {
        for _ in 0..s {
            self.pass_s(1);
            instance.renew().await;
        }
    }

    /// What the store has, without leaving a trace; `None` if it does not know the room.
    pub async fn truth(&self) -> Option<RoomState> {
        let settings = self.store.store.settings(&self.settings.room).await.expect("settings")?;
        let nothing = Memory::of_new_room(&settings);
        let merged = self.store.store.merge(&settings, &nothing, Duration::ZERO).await;
        Some(merged.expect("merging what is known changes nothing").state)
    }

    pub async fn set(&self, change: LiveChange) {
        let set =
            operator::set(&*self.store, &self.settings.room, &change.into(), None, &by()).await;
        let set = set.expect("the store answers");
        assert!(matches!(set, SetOutcome::Set(_)), "{set:?}");
    }

    /// What the booking API counted just now.
    pub fn counted(&self, places_left: u32) -> BookingReport {
        let counts = Counts {
            counted_at: self.clock.now(),
            places_left,
            held_passes: 0,
            held_seats: 0,
            queue_depth: 0,
            queue_depth_max: 100,
        };
        BookingReport { counts, departures: Vec::new() }
    }

    /// What the pass says, which must be valid now.
    pub fn claims(&self, pass: &IssuedPass) -> Claims {
        let now = self.clock.now();
        verifier().verify(&pass.pass, &self.settings.room, now).expect("a valid pass")
    }

    pub fn pass_id(&self, pass: &IssuedPass) -> PassId {
        self.claims(pass).pass_id
    }
}

/// So many seconds after the first opening.
pub fn after(s: i64) -> Timestamp {
    Timestamp::from_unix_s(START.unix_s() + s)
}

fn minter() -> PassMinter {
    PassMinter::new(SigningKey::generate(&SeededEntropy::new(7)), "einlass")
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

/// Somebody whose date of birth tells them from others.
pub fn person(number: usize) -> GivenIdentity {
    GivenIdentity::Person {
        given_name: "Kim".into(),
        family_name: "Muster".into(),
        date_of_birth: format!("19{:02}-06-{:02}", 20 + number / 28, 1 + number % 28),
    }
}

pub async fn try_join(
    instance: &WaitingRoom,
    request: JoinRequest<'_>,
) -> Result<JoinOutcome, RoomError> {
    instance.join(ROOM, Some((speyer(), None)), request).await
}

pub async fn join_as(instance: &WaitingRoom, request: JoinRequest<'_>) -> Answer {
    match try_join(instance, request).await {
        Ok(JoinOutcome::New(answer)) => answer,
        other => panic!("expected a new entry, got {other:?}"),
    }
}

pub async fn join(instance: &WaitingRoom) -> Answer {
    join_as(instance, JoinRequest::default()).await
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

/// Asks where the ticket stands, and takes the ticket that comes back.
pub fn poll(instance: &WaitingRoom, answer: &mut Answer) -> Standing {
    let asked = instance.ask(ROOM, &answer.ticket).expect("a valid ticket");
    answer.ticket = asked.ticket;
    answer.standing = asked.standing;
    asked.standing
}

/// The place that the ticket stands at.
pub fn place(instance: &WaitingRoom, answer: &mut Answer) -> u64 {
    let standing = poll(instance, answer);
    standing.place().unwrap_or_else(|| panic!("expected a place, got {standing:?}"))
}

pub async fn redeem(instance: &WaitingRoom, answer: &Answer) -> Option<IssuedPass> {
    match instance.redeem(ROOM, &answer.ticket).await.expect("an outcome") {
        RedeemOutcome::Pass { pass, .. } => Some(pass),
        RedeemOutcome::NotYourTurn { .. } | RedeemOutcome::Used { .. } | RedeemOutcome::Closed => {
            None
        }
    }
}
