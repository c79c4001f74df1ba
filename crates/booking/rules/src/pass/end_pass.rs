//! Giving a pass back.

use kernel::CampaignId;

use super::PassGrant;
use crate::batch::{Asks, Decision, Footprint, Idempotency};
use crate::event::{Actor, What};

/// Gives the pass itself back: nothing new can begin with it. An open hold may still be booked on or
/// released. Ending it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndPass {
    /// The pass.
    pub pass: PassGrant,
}

/// What came of giving a pass back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndPassOutcome {
    /// Nothing new can begin with it, now or since earlier.
    Ended,
    /// There is no such campaign.
    CampaignNotFound,
}

impl Asks for EndPass {
    type Outcome = EndPassOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.pass.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        None
    }

    fn actor(&self) -> Actor {
        Actor::Pass(self.pass.pass_id)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.passes.push(self.pass.pass_id);
    }

    fn carry_out(&self, decision: &mut Decision) -> EndPassOutcome {
        if !decision.state.campaigns.contains_key(&self.pass.campaign) {
            return EndPassOutcome::CampaignNotFound;
        }
        if !decision.has_ended(&self.pass) {
            let now = decision.now;
            decision.pass_use(&self.pass).ended_at = Some(now);
            let ended = What::PassEnded { pass: self.pass.pass_id };
            decision.tell(&self.pass.campaign, ended);
        }
        EndPassOutcome::Ended
    }
}
