//! Registering one person onto a hold.

use super::registering::person_bytes;
use super::{Bookings, Failure};
use crate::booking::{BookHold, BookHoldOutcome};
use crate::hold::HoldId;
use crate::pass::PassGrant;
use crate::person::Person;

impl Bookings {
    /// Registers one person onto a hold.
    pub async fn book_hold(
        &self,
        pass: PassGrant,
        hold: HoldId,
        person: &Person,
        key: &str,
    ) -> Result<BookHoldOutcome, Failure> {
        let idempotency = self.idempotency(
            &pass,
            key,
            "book-hold",
            &[&hold.as_bytes()[..], &person_bytes(person)],
        );
        let _running = self.running.enter(idempotency.key)?;
        let binding = self.check_binding(&pass, person)?;
        let registration = self.registration(&pass.campaign, person);
        let command = BookHold { pass, hold, registration, binding, idempotency };
        self.submit(command).await
    }
}
