//! Taking a place that is offered.

use std::sync::Arc;

use super::{Bookings, EntryLookup, Failure};
use crate::batch::Idempotency;
use crate::booking::{BookingCode, BookingId, Registration, TokenHash};
use crate::secrets::{IdempotencyScope, idempotency_key};
use crate::waitlist::{AcceptOffer, AcceptOutcome, OfferId, WaitlistEntry, WaitlistEntryId};

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
        let idempotency = Idempotency {
            key: idempotency_key(IdempotencyScope::Entry(entry), key),
            fingerprint: self.secrets.fingerprint("accept-offer", &parts),
        };
        let _running = self.running.enter(idempotency.key)?;
        let known = match self.waitlist_entry(entry, token).await? {
            EntryLookup::Found(standing) => standing.entry,
            EntryLookup::EntryNotFound => return Ok(AcceptOutcome::EntryNotFound),
            EntryLookup::TokenInvalid => return Ok(AcceptOutcome::TokenInvalid),
        };
        let registration = self.registration_of(&known);
        let (campaign, token_hash) = (known.campaign, TokenHash::of(token));
        let command = AcceptOffer { campaign, entry, token_hash, offer, registration, idempotency };
        self.submit(command).await
    }

    /// Everything the booking of the person of an entry will carry; of an entry that has ended, nobody.
    fn registration_of(&self, entry: &WaitlistEntry) -> Arc<Registration> {
        let booking = BookingId::new(self.now(), &*self.entropy);
        Arc::new(Registration {
            booking,
            code: BookingCode::new(&*self.entropy),
            person: entry.person.clone(),
            person_key: entry.person_key,
            former_person_key: None,
            manage_token_hash: TokenHash::of(&self.secrets.manage_token(booking, 0)),
        })
    }
}
