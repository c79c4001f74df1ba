//! Correcting whom a booking is for.

use super::registering::person_bytes;
use super::{Bookings, Failure};
use crate::booking::{BookingId, CorrectOutcome, CorrectPerson};
use crate::pass::PassGrant;
use crate::person::Person;

impl Bookings {
    /// Corrects the person of a booking, for the pass that booked it.
    pub async fn correct_person(
        &self,
        pass: PassGrant,
        booking: BookingId,
        person: &Person,
        key: &str,
    ) -> Result<CorrectOutcome, Failure> {
        let parts = [&booking.as_bytes()[..], &person_bytes(person)];
        let idempotency = self.idempotency(&pass, key, "correct-person", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let binding = self.check_binding(&pass, person)?;
        let correction = self.correction(&pass.campaign, person);
        self.submit(CorrectPerson { pass, booking, correction, binding, idempotency }).await
    }
}
