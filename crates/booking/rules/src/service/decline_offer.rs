//! Leaving a place that is offered to others.

use super::{Bookings, EntryLookup, Failure};
use crate::booking::TokenHash;
use crate::waitlist::{AfterDeclining, DeclineOffer, DeclineOutcome, OfferId, WaitlistEntryId};

impl Bookings {
    /// Declines an offer.
    pub async fn decline_offer(
        &self,
        entry: WaitlistEntryId,
        token: &str,
        offer: OfferId,
        then: AfterDeclining,
    ) -> Result<DeclineOutcome, Failure> {
        let campaign = match self.waitlist_entry(entry, token).await? {
            EntryLookup::Found(standing) => standing.entry.campaign,
            EntryLookup::EntryNotFound => return Ok(DeclineOutcome::EntryNotFound),
            EntryLookup::TokenInvalid => return Ok(DeclineOutcome::TokenInvalid),
        };
        let token_hash = TokenHash::of(token);
        self.submit(DeclineOffer { campaign, entry, token_hash, offer, then }).await
    }
}
