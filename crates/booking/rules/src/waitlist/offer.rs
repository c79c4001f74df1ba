//! A place offered to one person who waits.

use kernel::{CampaignId, Timestamp, prefixed_id};

use super::WaitlistEntryId;
use crate::campaign::SlotId;

prefixed_id!(
    /// An offer.
    OfferId,
    "offer"
);

/// A place of one slot, offered to one entry until a deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The id.
    pub id: OfferId,
    /// The campaign.
    pub campaign: CampaignId,
    /// To whom.
    pub entry: WaitlistEntryId,
    /// The slot.
    pub slot: SlotId,
    /// When it was made.
    pub made_at: Timestamp,
    /// From then on it cannot be accepted any more.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: OfferState,
}

/// Where an offer stands. It ends once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferState {
    /// It can be accepted until its deadline.
    Open,
    /// The person has the place.
    Accepted {
        /// When.
        at: Timestamp,
    },
    /// The person does not want the place.
    Declined {
        /// When.
        at: Timestamp,
    },
    /// Its deadline has passed.
    Expired {
        /// When that was noticed.
        at: Timestamp,
    },
    /// There is no such place any more, or the person has another one or waits no longer.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
}

impl OfferState {
    /// The name under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted { .. } => "accepted",
            Self::Declined { .. } => "declined",
            Self::Expired { .. } => "expired",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// When it ended.
    #[must_use]
    pub const fn ended_at(self) -> Option<Timestamp> {
        match self {
            Self::Open => None,
            Self::Accepted { at }
            | Self::Declined { at }
            | Self::Expired { at }
            | Self::Withdrawn { at } => Some(at),
        }
    }

    /// The inverse of [`Self::as_str`] and [`Self::ended_at`].
    #[must_use]
    pub fn from_stored(text: &str, ended_at: Option<Timestamp>) -> Option<Self> {
        match (text, ended_at) {
            ("open", None) => Some(Self::Open),
            ("accepted", Some(at)) => Some(Self::Accepted { at }),
            ("declined", Some(at)) => Some(Self::Declined { at }),
            ("expired", Some(at)) => Some(Self::Expired { at }),
            ("withdrawn", Some(at)) => Some(Self::Withdrawn { at }),
            _ => None,
        }
    }
}

impl Offer {
    /// Whether it can be accepted at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == OfferState::Open && now < self.expires_at
    }

    /// Whether its deadline has passed though nothing has noticed it yet.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.state == OfferState::Open && self.expires_at <= now
    }
}
