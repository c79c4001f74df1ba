//! Giving the seats of a hold back.

use super::{Bookings, Failure};
use crate::hold::{HoldId, ReleaseHold, ReleaseOutcome};
use crate::pass::PassGrant;

impl Bookings {
    /// Gives the seats of a hold back that nobody is registered for.
    pub async fn release_hold(
        &self,
        pass: PassGrant,
        hold: HoldId,
    ) -> Result<ReleaseOutcome, Failure> {
        let pass_id = pass.pass_id;
        let campaign = pass.campaign.clone();
        let command = ReleaseHold { pass, hold };
        let outcome = self.submit(command).await?;
        if outcome == ReleaseOutcome::Released {
            tracing::debug!(%campaign, %pass_id, "hold released");
        }
        Ok(outcome)
    }
}
