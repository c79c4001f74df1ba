//! Taking a place that is offered.

use super::{Bookings, EntryLookup, Failure};
use crate::booking::TokenHash;
use crate::waitlist::{AcceptOffer, AcceptOutcome, OfferId, WaitlistEntryId};

impl Bookings {
    /// Turns an offer into a booking of the person who waits.
    pub async fn accept_offer(
        &self,
        entry: WaitlistEntryId,
        token: &str,
        offer: OfferId,
        key: &str,
    ) -> Result<AcceptOutcome, Failure> {
        let parts: [&[u8]; 2] = [entry.as_bytes(), offer.as_bytes()];
        let idempotency = self.idempotency(entry, key, "accept-offer", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let known = match self.waitlist_entry(entry, token).await? {
            EntryLookup::Found(standing) => standing.entry,
            EntryLookup::EntryNotFound => return Ok(AcceptOutcome::EntryNotFound),
            EntryLookup::TokenInvalid => return Ok(AcceptOutcome::TokenInvalid),
        };
        // Of an entry that has ended, nobody.
        let registration = self.new_registration(known.person, known.person_key, None);
        let (campaign, token_hash) = (known.campaign, TokenHash::of(token));
        let command = AcceptOffer { campaign, entry, token_hash, offer, registration, idempotency };
        self.submit(command).await
    }
}
