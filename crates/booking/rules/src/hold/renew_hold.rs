//! Starting the time of a hold again.

use kernel::CampaignId;

use super::{HoldFacts, HoldId, HoldState, RecordedHold, hold_end};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::event::{Actor, What};
use crate::pass::PassGrant;

/// Starts the time of a hold again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewHold {
    /// The pass under which the seats are held.
    pub pass: PassGrant,
    /// The hold.
    pub hold: HoldId,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of renewing a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenewOutcome {
    /// The time of the hold has started again.
    Renewed(HoldFacts),
    /// The pass has no such hold.
    HoldNotFound,
    /// The hold is booked, released or expired.
    HoldEnded,
    /// The pass was given back: the hold may be booked on or released as long as it lasts.
    PassEnded,
    /// The hold was renewed as often as allowed, or cannot last longer than it does.
    NotRenewable,
    /// The idempotency key belongs to another request.
    KeyReused,
}

impl Asks for RenewHold {
    type Outcome = RenewOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.pass.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        Some(&self.idempotency)
    }

    fn actor(&self) -> Actor {
        Actor::Pass(self.pass.pass_id)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.holds.push(self.hold);
        footprint.passes.push(self.pass.pass_id);
    }

    fn carry_out(&self, decision: &mut Decision) -> RenewOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Renewed(recorded)) => {
                let told = decision.told_before(recorded, &self.pass);
                return told.map_or(RenewOutcome::HoldNotFound, RenewOutcome::Renewed);
            }
            Earlier::Same(_) | Earlier::Other => return RenewOutcome::KeyReused,
        }
        let now = decision.now;
        let pass_has_ended = decision.has_ended(&self.pass);
        let seats_left = decision.seats_left(&self.pass);
        let campaign = decision.state.campaigns.get(&self.pass.campaign);
        let hold = decision.state.holds.get_mut(&self.hold).filter(|hold| hold.is_of(&self.pass));
        let (Some(campaign), Some(hold)) = (campaign, hold) else {
            return RenewOutcome::HoldNotFound;
        };
        let Some(slot) = campaign.slot(&hold.slot) else {
            return RenewOutcome::HoldNotFound;
        };
        match hold.state {
            HoldState::Active => {}
            HoldState::Booked | HoldState::Released => return RenewOutcome::HoldEnded,
        }
        if pass_has_ended {
            return RenewOutcome::PassEnded;
        }
        let expires_at = hold_end(campaign, &self.pass, now);
        if hold.renewals >= campaign.rules.hold_renewals_max || expires_at <= hold.expires_at {
            return RenewOutcome::NotRenewable;
        }
        hold.renewals += 1;
        hold.expires_at = expires_at;
        let facts = HoldFacts::of(hold, slot, campaign, &self.pass, seats_left);
        decision.touched.holds.insert(self.hold);
        decision.tell(&self.pass.campaign, What::HoldRenewed { hold: self.hold, expires_at });
        let effect = Recorded::Renewed(RecordedHold::Whole(facts.clone()));
        decision.record(&self.idempotency, &self.pass.campaign, effect);
        RenewOutcome::Renewed(facts)
    }
}
