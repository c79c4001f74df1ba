//! One person who waits for a place.

use kernel::{Ags, CampaignId, Timestamp, prefixed_id};
use pass::PassId;

use super::Offer;
use crate::booking::{BookingId, TokenHash};
use crate::person::{DateOfBirth, Person, PersonKey};

prefixed_id!(
    /// An entry of a waitlist.
    WaitlistEntryId,
    "wait"
);

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// The person waits, with or without an open offer.
    Waiting,
    /// The person has a place: of an offer, or booked as everybody does.
    Booked {
        /// The booking.
        booking: BookingId,
        /// When.
        at: Timestamp,
    },
    /// The person does not want to wait any more.
    Left {
        /// When.
        at: Timestamp,
    },
}

impl EntryState {
    /// The name under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Booked { .. } => "booked",
            Self::Left { .. } => "left",
        }
    }

    /// The inverse of [`Self::as_str`], with when it ended and the booking.
    #[must_use]
    pub fn from_stored(
        text: &str,
        ended_at: Option<Timestamp>,
        booking: Option<BookingId>,
    ) -> Option<Self> {
        match (text, ended_at, booking) {
            ("waiting", None, None) => Some(Self::Waiting),
            ("booked", Some(at), Some(booking)) => Some(Self::Booked { booking, at }),
            ("left", Some(at), None) => Some(Self::Left { at }),
            _ => None,
        }
    }

    /// Whether the person still waits.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Waiting)
    }
}

/// One person on a waitlist, completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitlistEntry {
    /// The id.
    pub id: WaitlistEntryId,
    /// The campaign.
    pub campaign: CampaignId,
    /// Its number in the campaign: 1, 2, 3 … in the order in which people joined.
    pub number: u64,
    /// The pass that paid for it; it pays for the booking that comes of it too.
    pub pass_id: PassId,
    /// How many seats the pass had used with this one, those that came back included.
    pub seat_no: u8,
    /// The municipality of the pass.
    pub ags: Ags,
    /// Who; `None` once the entry has ended.
    pub person: Option<Person>,
    /// The blind index of the person within the campaign; [`PersonKey::ERASED`] once it has ended.
    pub person_key: PersonKey,
    /// The hash of the token that manages it.
    pub token_hash: TokenHash,
    /// When the person joined.
    pub joined_at: Timestamp,
    /// Offers that the person let pass, or declined and went on waiting.
    pub offers_missed: u32,
    /// Where it stands.
    pub state: EntryState,
}

/// The part of an entry that a batch looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of the same name of WaitlistEntry")]
pub struct EntryHead {
    pub id: WaitlistEntryId,
    pub campaign: CampaignId,
    pub number: u64,
    pub pass_id: PassId,
    pub seat_no: u8,
    pub ags: Ags,
    /// Known to a call-up of a campaign that asks for an age, and to the batch in which the entry is made.
    pub date_of_birth: Option<DateOfBirth>,
    pub person_key: PersonKey,
    pub token_hash: TokenHash,
    pub offers_missed: u32,
    pub state: EntryState,
}

impl EntryHead {
    /// Who comes first: those who have missed fewer offers, and among them those who wait longer.
    #[must_use]
    pub const fn rank(&self) -> (u32, u64) {
        (self.offers_missed, self.number)
    }
}

impl From<&WaitlistEntry> for EntryHead {
    fn from(entry: &WaitlistEntry) -> Self {
        Self {
            id: entry.id,
            campaign: entry.campaign.clone(),
            number: entry.number,
            pass_id: entry.pass_id,
            seat_no: entry.seat_no,
            ags: entry.ags,
            date_of_birth: entry.person.as_ref().map(Person::date_of_birth),
            person_key: entry.person_key,
            token_hash: entry.token_hash,
            offers_missed: entry.offers_missed,
            state: entry.state,
        }
    }
}

/// What of an entry is another than before. Where the entry has ended, who it was is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryChange {
    /// The entry.
    pub entry: WaitlistEntryId,
    /// Offers missed.
    pub offers_missed: u32,
    /// Where it stands.
    pub state: EntryState,
}

impl WaitlistEntry {
    /// The same after a change.
    #[must_use]
    pub fn changed(mut self, change: &EntryChange) -> Self {
        (self.offers_missed, self.state) = (change.offers_missed, change.state);
        if !self.state.is_waiting() {
            (self.person, self.person_key) = (None, PersonKey::ERASED);
        }
        self
    }
}

/// An entry as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryStanding {
    /// The entry.
    pub entry: WaitlistEntry,
    /// The latest offer made to it, if there was one; an open one may be overdue.
    pub offer: Option<Offer>,
    /// How many of those who wait come first, this one included; `None` once the entry has ended.
    pub position: Option<u32>,
}
