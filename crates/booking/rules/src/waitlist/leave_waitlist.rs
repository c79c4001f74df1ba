//! Leaving a waitlist.

use kernel::CampaignId;

use super::WaitlistEntryId;
use crate::booking::{BookingId, TokenHash};

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
