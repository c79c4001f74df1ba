//! Keeping seats of a slot.

use super::{Bookings, Failure};
use crate::campaign::SlotId;
use crate::hold::{HoldId, HoldOutcome, HoldSeats};
use crate::pass::PassGrant;

impl Bookings {
    /// Keeps seats of a slot.
    pub async fn hold(
        &self,
        pass: PassGrant,
        slot: SlotId,
        seats: u8,
        key: &str,
    ) -> Result<HoldOutcome, Failure> {
        let parts = [pass.campaign.as_str().as_bytes(), slot.as_str().as_bytes(), &[seats]];
        let idempotency = self.idempotency(&pass, key, "hold", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let hold = HoldId::new(self.now(), &*self.entropy);
        let command = HoldSeats { pass, slot, seats, hold, idempotency };
        self.submit(command).await
    }
}
