//! Changing how the person of a booking is reached.

use std::sync::Arc;

use super::{BookingLookup, Bookings, Failure};
use crate::booking::{BookingId, BookingStatus, ChangeContact, ChangeContactOutcome, TokenHash};
use crate::person::Contact;

/// So often it is tried anew where the booking has changed between reading its person and writing it.
const ATTEMPTS_MAX: usize = 4;

impl Bookings {
    /// Changes how the person of a booking is reached.
    pub async fn change_contact(
        &self,
        booking: BookingId,
        contact: &Contact,
        manage_token: &str,
        key: &str,
    ) -> Result<ChangeContactOutcome, Failure> {
        let [email, phone] = [contact.email(), contact.phone()].map(Option::unwrap_or_default);
        let parts = [&booking.as_bytes()[..], email.as_bytes(), phone.as_bytes()];
        let idempotency = self.idempotency(booking, key, "change-contact", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let manage_token_hash = TokenHash::of(manage_token);
        for _ in 0..ATTEMPTS_MAX {
            let found = match self.booking(booking, manage_token).await? {
                BookingLookup::Found(found) => found,
                BookingLookup::BookingNotFound => return Ok(ChangeContactOutcome::BookingNotFound),
                BookingLookup::TokenInvalid => return Ok(ChangeContactOutcome::TokenInvalid),
            };
            let Some(person) = &found.registration.person else {
                return Ok(match found.status {
                    BookingStatus::Confirmed => ChangeContactOutcome::PersonErased,
                    BookingStatus::Cancelled { .. } => ChangeContactOutcome::AlreadyCancelled,
                });
            };
            let outcome = self.submit(ChangeContact {
                campaign: found.campaign.clone(),
                booking,
                manage_token_hash,
                person: Arc::new(person.with_contact(contact)),
                read_at_sequence: found.sequence,
                idempotency,
            });
            match outcome.await? {
                ChangeContactOutcome::Outdated => {}
                outcome => return Ok(outcome),
            }
        }
        Err(Failure::RequestInProgress)
    }
}
