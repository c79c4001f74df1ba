//! Waiting no longer.

use super::{Bookings, EntryLookup, Failure};
use crate::booking::TokenHash;
use crate::waitlist::{LeaveOutcome, LeaveWaitlist, WaitlistEntryId};

impl Bookings {
    /// Ends an entry of a waitlist.
    pub async fn leave_waitlist(
        &self,
        entry: WaitlistEntryId,
        token: &str,
    ) -> Result<LeaveOutcome, Failure> {
        let campaign = match self.waitlist_entry(entry, token).await? {
            EntryLookup::Found(standing) => standing.entry.campaign,
            EntryLookup::EntryNotFound => return Ok(LeaveOutcome::EntryNotFound),
            EntryLookup::TokenInvalid => return Ok(LeaveOutcome::TokenInvalid),
        };
        let token_hash = TokenHash::of(token);
        self.submit(LeaveWaitlist { campaign, entry, token_hash }).await
    }
}
