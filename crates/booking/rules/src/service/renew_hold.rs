//! Starting the time of a hold again.

use super::{Bookings, Failure};
use crate::hold::{HoldId, RenewHold, RenewOutcome};
use crate::pass::PassGrant;

impl Bookings {
    /// Starts the time of a hold again.
    pub async fn renew_hold(
        &self,
        pass: PassGrant,
        hold: HoldId,
        key: &str,
    ) -> Result<RenewOutcome, Failure> {
        let idempotency = self.idempotency(&pass, key, "renew-hold", &[hold.as_bytes()]);
        let _running = self.running.enter(idempotency.key)?;
        let command = RenewHold { pass, hold, idempotency };
        self.submit(command).await
    }
}
