//! Leaving a waitlist.

use kernel::CampaignId;

use super::waiting::NoSuchEntry;
use super::{EntryHead, EntryState, WaitlistEntryId};
use crate::batch::{Asks, Decision, Footprint, Idempotency};
use crate::booking::{BookingId, TokenHash};
use crate::event::Actor;

/// Ends an entry; its open offer is withdrawn. Repeating it changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveWaitlist {
    /// The campaign of the entry.
    pub campaign: CampaignId,
    /// The entry.
    pub entry: WaitlistEntryId,
    /// The hash of the token presented.
    pub token_hash: TokenHash,
}

/// What came of leaving a waitlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveOutcome {
    /// The person does not wait any more, now or since earlier.
    Left,
    /// There is no such entry.
    EntryNotFound,
    /// The token is not that of the entry.
    TokenInvalid,
    /// The person has a place: it is given back by cancelling the booking.
    AlreadyBooked {
        /// The booking.
        booking: BookingId,
    },
}

impl Asks for LeaveWaitlist {
    type Outcome = LeaveOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        None
    }

    fn actor(&self) -> Actor {
        Actor::Entry(self.entry)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.entries.push(self.entry);
    }

    fn carry_out(&self, decision: &mut Decision) -> LeaveOutcome {
        match decision.managed_entry(&self.campaign, self.entry, self.token_hash) {
            Err(NoSuchEntry::NotFound) => return LeaveOutcome::EntryNotFound,
            Err(NoSuchEntry::TokenInvalid) => return LeaveOutcome::TokenInvalid,
            Ok(EntryHead { state: EntryState::Booked { booking, .. }, .. }) => {
                return LeaveOutcome::AlreadyBooked { booking: *booking };
            }
            Ok(EntryHead { state: EntryState::Left { .. }, .. }) => return LeaveOutcome::Left,
            Ok(EntryHead { state: EntryState::Waiting, .. }) => {}
        }
        decision.leave(&self.campaign, self.entry);
        LeaveOutcome::Left
    }
}
