//! Keeping seats of a slot.

use super::{Bookings, Failure};
use crate::car::SlotAndCar;
use crate::hold::{HoldId, HoldOutcome, HoldSeats};
use crate::pass::PassGrant;

impl Bookings {
    /// Keeps seats of a slot.
    pub async fn hold(
        &self,
        pass: PassGrant,
        slot: impl Into<SlotAndCar>,
        seats: u8,
        key: &str,
    ) -> Result<HoldOutcome, Failure> {
        let SlotAndCar { slot, car } = slot.into();
        let seats_bytes = [seats];
        let mut parts =
            vec![pass.campaign.as_str().as_bytes(), slot.as_str().as_bytes(), &seats_bytes];
        // Without a car it is the same request as before there were any.
        parts.extend(car.as_ref().map(|car| &car.as_bytes()[..]));
        let idempotency = self.idempotency(&pass, key, "hold", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let hold = HoldId::new(self.now(), &*self.entropy);
        let command = HoldSeats { pass, slot, seats, car, hold, idempotency };
        self.submit(command).await
    }
}
