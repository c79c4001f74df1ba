//! Holds: seats of one slot, kept for one pass for a few minutes.

mod expiry;
mod facts;
mod hold_seats;
mod release_hold;
mod renew_hold;

use std::time::Duration;

use kernel::{Ags, CampaignId, Timestamp, prefixed_id};
use pass::PassId;

use crate::campaign::{Campaign, SlotId};
use crate::car::CarId;
use crate::pass::PassGrant;

pub use expiry::{ExpiredHoldsReleased, ReleaseExpiredHolds};
pub use facts::{EarlierHoldFacts, HoldFacts, RecordedHold};
pub use hold_seats::{HoldOutcome, HoldSeats};
pub use release_hold::{ReleaseHold, ReleaseOutcome};
pub use renew_hold::{RenewHold, RenewOutcome};

prefixed_id!(
    /// A hold.
    HoldId,
    "hold"
);

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
    /// The car that those who are registered on it come in, if others are in it.
    pub car: Option<CarId>,
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

    /// Whether it is visible to `pass`: to its own only.
    #[must_use]
    pub fn is_of(&self, pass: &PassGrant) -> bool {
        self.pass_id == pass.pass_id && self.campaign == pass.campaign
    }

    /// Whether it keeps seats at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == HoldState::Active && now < self.expires_at
    }

    /// Gives one of its open seats to a person. Whether each has one now.
    pub(crate) fn book_seat(&mut self) -> bool {
        self.seats_booked += 1;
        let is_complete = self.seats_booked == self.seats;
        if is_complete {
            self.state = HoldState::Booked;
        }
        is_complete
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

/// A hold outlives neither its pass nor the campaign.
fn hold_end(campaign: &Campaign, pass: &PassGrant, now: Timestamp) -> Timestamp {
    let ttl = Duration::from_secs(u64::from(campaign.rules.hold_ttl_s));
    now.plus(ttl).min(pass.expires_at).min(campaign.closes_at)
}
