//! Removing a campaign for good.

use kernel::{CampaignId, Timestamp};

use super::revision::{ChangeReason, RevisionActor};
use crate::event::What;
use crate::event::chain::{ChainEnd, Link};

/// Take a campaign out of force, with everything that was held and booked in it.
#[derive(Clone, Debug)]
pub struct RemoveCampaign {
    /// The campaign.
    pub campaign: CampaignId,
    /// What becomes of people who have a place.
    pub bookings: ActiveBookings,
    /// Whether to do it or only to say what would come of it.
    pub intent: super::apply::Intent,
    /// Who asks for it.
    pub actor: RevisionActor,
    /// Why, in the operator's words.
    pub reason: Option<ChangeReason>,
}

/// What becomes of active bookings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActiveBookings {
    /// They keep the campaign from being removed.
    Keep,
    /// They go with it.
    Discard,
}

/// What came of removing a campaign; of a preview: what would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is gone. Its history stays.
    Removed {
        /// The revision with which it was removed.
        revision: u64,
        /// The active bookings that went with it.
        bookings: u64,
    },
    /// There is no such campaign.
    NotFound,
    /// People have places in it; nothing was changed.
    HasBookings {
        /// Active bookings.
        bookings: u64,
    },
}

impl Removed {
    /// What became of the campaign, in words for the operator; or why nothing was changed.
    pub fn verdict(&self) -> Result<String, String> {
        match self {
            Self::Removed { revision, bookings } => {
                Ok(format!("is removed (revision {revision}), with {bookings} active bookings"))
            }
            Self::NotFound => Err("is not in force".to_owned()),
            Self::HasBookings { bookings } => Err(format!(
                "has {bookings} active bookings, so it stays; `--discard-bookings` removes it with \
                 them, without a word to those people"
            )),
        }
    }
}

impl RemoveCampaign {
    /// The event that a store writes when the campaign goes with this revision and so many active
    /// bookings, after those that the chain ends with.
    #[must_use]
    pub fn told(&self, revision: u64, bookings: u64, end: ChainEnd, now: Timestamp) -> Link {
        let removed = (self.actor.into(), What::CampaignRemoved { revision, bookings });
        end.continued(&self.campaign, now, vec![removed]).link
    }

    /// What comes of it where `revision` is in force with so many active bookings. A store calls this
    /// with the campaign locked, and deletes on [`Removed::Removed`] unless it is a preview.
    #[must_use]
    pub const fn judge(&self, revision: u64, bookings: u64) -> Removed {
        match self.bookings {
            ActiveBookings::Keep if bookings > 0 => Removed::HasBookings { bookings },
            ActiveBookings::Keep | ActiveBookings::Discard => {
                Removed::Removed { revision: revision + 1, bookings }
            }
        }
    }
}
