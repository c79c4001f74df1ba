//! Holding one seat and booking it in one step.

use super::registering::person_bytes;
use super::{Bookings, Failure};
use crate::booking::{BookSlot, BookSlotOutcome};
use crate::car::SlotAndCar;
use crate::pass::PassGrant;
use crate::person::Person;

impl Bookings {
    /// Holds one seat and books it in one step.
    pub async fn book_slot(
        &self,
        pass: PassGrant,
        slot: impl Into<SlotAndCar>,
        person: &Person,
        key: &str,
    ) -> Result<BookSlotOutcome, Failure> {
        let SlotAndCar { slot, car } = slot.into();
        let person_bytes = person_bytes(person);
        let mut parts =
            vec![pass.campaign.as_str().as_bytes(), slot.as_str().as_bytes(), &person_bytes];
        // Without a car it is the same request as before there were any.
        parts.extend(car.as_ref().map(|car| &car.as_bytes()[..]));
        let idempotency = self.idempotency(&pass, key, "book-slot", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let binding = self.check_binding(&pass, person)?;
        let registration = self.registration(&pass.campaign, person);
        let command = BookSlot { pass, slot, car, registration, binding, idempotency };
        self.submit(command).await
    }
}
