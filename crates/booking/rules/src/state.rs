//! What deciding a batch has to know.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use kernel::{Ags, CampaignId, Timestamp};
use pass::PassId;

use crate::campaign::{Campaign, SlotCounters, SlotId, SlotKey};
use crate::command::{BookingId, Command, HoldId, Registration, TokenHash};
use crate::outcome::Recorded;
use crate::person::PersonKey;

/// Seats of one slot kept for one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The id.
    pub id: HoldId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The slot.
    pub slot: SlotId,
    /// The pass that pays for it.
    pub pass_id: PassId,
    /// The municipality of the pass.
    pub ags: Ags,
    /// Seats kept.
    pub seats: u8,
    /// Seats with a person registered; at most `seats`.
    pub seats_booked: u8,
    /// How often it was renewed.
    pub renewals: u8,
    /// When it was made.
    pub held_at: Timestamp,
    /// When the seats without a person are released.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: HoldState,
}

impl Hold {
    /// Seats that count as taken without a person registered; zero once the hold has ended.
    #[must_use]
    pub fn seats_open(&self) -> u8 {
        match self.state {
            HoldState::Active => self.seats - self.seats_booked,
            HoldState::Booked | HoldState::Released => 0,
        }
    }

    /// Whether it keeps seats at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == HoldState::Active && now < self.expires_at
    }

    /// Whether the time of the hold has run out though nothing has released it yet.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.state == HoldState::Active && self.expires_at <= now
    }
}

/// Where a hold stands. It ends in exactly one of booked and released (P7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    /// Seats are kept.
    Active,
    /// Every seat has its person.
    Booked,
    /// The seats without a person were given back or have expired. Bookings made on it stay.
    Released,
}

impl HoldState {
    /// The name under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Booked => "booked",
            Self::Released => "released",
        }
    }

    /// The inverse of [`Self::as_str`].
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Active, Self::Booked, Self::Released]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What a pass has used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassUse {
    /// The pass.
    pub pass_id: PassId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Seats of active holds without a person.
    pub seats_held: u8,
    /// Persons booked, including those that were cancelled since.
    pub seats_booked: u8,
    /// When it was given back, if it was: since then nothing new begins with it.
    pub ended_at: Option<Timestamp>,
    /// When the pass ends: after that the row is of no use.
    pub expires_at: Timestamp,
}

/// Where a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingStatus {
    /// The person has the place.
    Confirmed,
    /// The place was given back.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

/// One person's confirmed place, completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Id, code, person, blind index and token hash.
    pub registration: Arc<Registration>,
    /// The campaign.
    pub campaign: CampaignId,
    /// The slot.
    pub slot: SlotId,
    /// The hold it was made on; `None` when booked in one step.
    pub hold: Option<HoldId>,
    /// The pass that paid for it.
    pub pass_id: PassId,
    /// The municipality of the pass.
    pub ags: Ags,
    /// When it was made.
    pub booked_at: Timestamp,
    /// Where it stands.
    pub status: BookingStatus,
}

/// The part of a booking that a cancellation looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingHead {
    /// The id.
    pub id: BookingId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The slot.
    pub slot: SlotId,
    /// The blind index of the person, of whichever version it was stored with.
    pub person_key: PersonKey,
    /// The hash of the token that manages it.
    pub manage_token_hash: TokenHash,
    /// Where it stands.
    pub status: BookingStatus,
}

impl From<&Booking> for BookingHead {
    fn from(booking: &Booking) -> Self {
        Self {
            id: booking.registration.booking,
            campaign: booking.campaign.clone(),
            slot: booking.slot.clone(),
            person_key: booking.registration.person_key,
            manage_token_hash: booking.registration.manage_token_hash,
            status: booking.status,
        }
    }
}

/// An effect that was recorded under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The key, see [`crate::Idempotency::key`].
    pub key: [u8; 32],
    /// What was asked, see [`crate::Idempotency::fingerprint`].
    pub fingerprint: [u8; 32],
    /// The campaign.
    pub campaign: CampaignId,
    /// When.
    pub recorded_at: Timestamp,
    /// What came of it.
    pub effect: Recorded,
}

/// Everything a batch may read, loaded under the locks of its campaigns.
///
/// What is absent does not exist: a pass without an entry has used nothing.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The campaigns of the commands.
    pub campaigns: HashMap<CampaignId, Arc<Campaign>>,
    /// The slots of the footprint and of every loaded hold and booking.
    pub slots: HashMap<SlotKey, SlotCounters>,
    /// The holds named, and the overdue holds of the slots, passes and sweeps of the footprint.
    pub holds: HashMap<HoldId, Hold>,
    /// The passes of the footprint and of every overdue hold loaded.
    pub passes: HashMap<PassId, PassUse>,
    /// Those of the footprint's person keys that have an active booking.
    pub active_persons: HashSet<(CampaignId, PersonKey)>,
    /// The records of the footprint's idempotency keys.
    pub records: HashMap<[u8; 32], IdempotencyRecord>,
    /// The bookings named.
    pub bookings: HashMap<BookingId, BookingHead>,
}

/// What a batch has to load. Every list is sorted and without repeats.
///
/// Load in this order, because the later steps depend on the earlier ones:
/// 1. lock `campaigns` in the order given, then read their definitions;
/// 2. `holds` by id; all overdue holds (active, `expires_at ≤ now`) of `slots` and of `passes`; and
///    for each of `sweeps` the given number of overdue holds of that campaign, earliest first;
/// 3. `bookings` by id;
/// 4. the counters of `slots` and of the slots of every hold and booking loaded;
/// 5. the uses of `passes` and of the passes of every overdue hold loaded;
/// 6. `person_keys` that have an active booking, and `idempotency_keys` with a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Campaigns to lock.
    pub campaigns: Vec<CampaignId>,
    /// Slots named by commands.
    pub slots: Vec<SlotKey>,
    /// Holds named by commands.
    pub holds: Vec<HoldId>,
    /// Passes of commands.
    pub passes: Vec<PassId>,
    /// Persons to be registered.
    pub person_keys: Vec<(CampaignId, PersonKey)>,
    /// Keys of commands.
    pub idempotency_keys: Vec<[u8; 32]>,
    /// Bookings to be cancelled.
    pub bookings: Vec<BookingId>,
    /// Campaigns to sweep, with the number of overdue holds to load at most.
    pub sweeps: BTreeMap<CampaignId, u32>,
}

impl Footprint {
    /// The footprint of a batch.
    #[must_use]
    pub fn of(commands: &[Command]) -> Self {
        let mut footprint = Self::default();
        for command in commands {
            footprint.add(command);
        }
        sort(&mut footprint.campaigns);
        sort(&mut footprint.slots);
        sort(&mut footprint.holds);
        sort(&mut footprint.passes);
        sort(&mut footprint.person_keys);
        sort(&mut footprint.idempotency_keys);
        sort(&mut footprint.bookings);
        footprint
    }

    fn add_person(&mut self, campaign: &CampaignId, registration: &Registration) {
        self.person_keys.extend(registration.person_keys().map(|key| (campaign.clone(), key)));
    }

    fn add(&mut self, command: &Command) {
        let campaign = command.campaign();
        self.campaigns.push(campaign.clone());
        self.idempotency_keys.extend(command.idempotency().map(|idempotency| idempotency.key));
        let key = |slot: &SlotId| SlotKey { campaign: campaign.clone(), slot: slot.clone() };
        match command {
            Command::Hold(command) => {
                self.slots.push(key(&command.slot));
                self.passes.push(command.pass.pass_id);
            }
            Command::RenewHold(command) => {
                self.holds.push(command.hold);
                self.passes.push(command.pass.pass_id);
            }
            Command::ReleaseHold(command) => {
                self.holds.push(command.hold);
                self.passes.push(command.pass.pass_id);
            }
            Command::BookHold(command) => {
                self.holds.push(command.hold);
                self.passes.push(command.pass.pass_id);
                self.add_person(campaign, &command.registration);
            }
            Command::BookSlot(command) => {
                self.slots.push(key(&command.slot));
                self.passes.push(command.pass.pass_id);
                self.add_person(campaign, &command.registration);
            }
            Command::EndPass(command) => self.passes.push(command.pass.pass_id),
            Command::CancelBooking(command) => self.bookings.push(command.booking),
            Command::ReleaseExpiredHolds(command) => {
                let holds_max = self.sweeps.entry(campaign.clone()).or_default();
                *holds_max = command.holds_max.max(*holds_max);
            }
        }
    }
}

fn sort<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}
