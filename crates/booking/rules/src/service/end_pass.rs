//! Giving a pass back.

use super::{Bookings, Failure};
use crate::pass::{EndPass, EndPassOutcome, PassGrant};

impl Bookings {
    /// Gives a pass back: nothing new begins with it. The waiting room hears of it once the pass has
    /// no open hold.
    pub async fn end_pass(&self, pass: PassGrant) -> Result<EndPassOutcome, Failure> {
        let (campaign, pass_id) = (pass.campaign.clone(), pass.pass_id);
        let command = EndPass { pass };
        let outcome = self.submit(command).await?;
        match outcome {
            EndPassOutcome::Ended => self.departures.add(&campaign, pass_id),
            EndPassOutcome::CampaignNotFound => {}
        }
        Ok(outcome)
    }
}
