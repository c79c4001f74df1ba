//! Giving the seats of a hold back.

use kernel::CampaignId;

use super::{HoldId, HoldState};
use crate::batch::{Asks, Decision, Footprint, Idempotency};
use crate::event::{Actor, HoldEnd};
use crate::pass::PassGrant;

/// Gives the seats of a hold back that nobody is registered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseHold {
    /// The pass under which the seats are held.
    pub pass: PassGrant,
    /// The hold.
    pub hold: HoldId,
}

/// What came of releasing a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// The seats are free, now or since an earlier release or expiry.
    Released,
    /// The pass has no such hold.
    HoldNotFound,
    /// Every seat is booked: there is nothing to release.
    HoldBooked,
}

impl Asks for ReleaseHold {
    type Outcome = ReleaseOutcome;

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
        footprint.holds.push(self.hold);
        footprint.passes.push(self.pass.pass_id);
    }

    fn carry_out(&self, decision: &mut Decision) -> ReleaseOutcome {
        let hold = decision.state.holds.get(&self.hold).filter(|hold| hold.is_of(&self.pass));
        match hold.map(|hold| hold.state) {
            None => ReleaseOutcome::HoldNotFound,
            Some(HoldState::Booked) => ReleaseOutcome::HoldBooked,
            Some(HoldState::Released) => ReleaseOutcome::Released,
            Some(HoldState::Active) => {
                decision.end_hold(self.hold, HoldEnd::Released);
                ReleaseOutcome::Released
            }
        }
    }
}
