//! Registering one person onto a hold.

use std::sync::Arc;

use kernel::CampaignId;

use super::{Booked, Registration};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::event::{Actor, HoldEnd, What};
use crate::hold::{HoldId, HoldState};
use crate::pass::{BindingCheck, PassGrant};

/// Registers one person onto a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookHold {
    /// The pass under which the seats are held.
    pub pass: PassGrant,
    /// The hold.
    pub hold: HoldId,
    /// Who.
    pub registration: Arc<Registration>,
    /// Whether the pass is for that person.
    pub binding: BindingCheck,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of registering a person onto a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookHoldOutcome {
    /// The person has a place.
    Booked(Booked),
    /// The pass has no such hold.
    HoldNotFound,
    /// The hold is fully booked, released or expired.
    HoldEnded,
    /// The pass is bound to somebody else, who has to be booked first.
    PersonNotOfPass,
    /// The person has an active booking in this campaign.
    AlreadyBooked,
    /// The pass has made too many guesses at who is booked.
    RefusedTooOften,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality any more.
    NotEligible,
    /// The idempotency key belongs to another request.
    KeyReused,
}

impl Asks for BookHold {
    type Outcome = BookHoldOutcome;

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
        footprint.add_person(&self.pass.campaign, &self.registration);
    }

    fn carry_out(&self, decision: &mut Decision) -> BookHoldOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Booked(booked)) => {
                return BookHoldOutcome::Booked(decision.as_it_stands(&self.pass, booked));
            }
            Earlier::Same(_) | Earlier::Other => return BookHoldOutcome::KeyReused,
        }
        let may_be_booked = decision.may_be_booked(&self.pass, self.binding);
        let has_guessed_too_often = decision.has_guessed_too_often(&self.pass);
        let campaign = decision.state.campaigns.get(&self.pass.campaign).map(Arc::clone);
        let hold = decision.state.holds.get_mut(&self.hold).filter(|hold| hold.is_of(&self.pass));
        let (Some(campaign), Some(hold)) = (campaign, hold) else {
            return BookHoldOutcome::HoldNotFound;
        };
        let Some(slot) = campaign.slot(&hold.slot) else {
            return BookHoldOutcome::HoldNotFound;
        };
        match hold.state {
            HoldState::Active => {}
            HoldState::Booked | HoldState::Released => return BookHoldOutcome::HoldEnded,
        }
        // What held when the seats were held need not hold any more.
        if campaign.is_closed(decision.now) {
            return BookHoldOutcome::CampaignClosed;
        }
        if !campaign.is_eligible(self.pass.ags) {
            return BookHoldOutcome::NotEligible;
        }
        // Before the next question, whose answer says something about the person.
        if !may_be_booked {
            return BookHoldOutcome::PersonNotOfPass;
        }
        if has_guessed_too_often {
            return BookHoldOutcome::RefusedTooOften;
        }
        if self.registration.has_booked(&self.pass.campaign, &decision.state.active_persons) {
            decision.count_guess(&self.pass);
            return BookHoldOutcome::AlreadyBooked;
        }
        hold.seats_booked += 1;
        let is_complete = hold.seats_booked == hold.seats;
        if is_complete {
            hold.state = HoldState::Booked;
        }
        decision.touched.holds.insert(self.hold);
        // The place is taken already: the seat of the hold becomes the seat of a person.
        let pass_use = decision.pass_use(&self.pass);
        pass_use.seats_held = pass_use.seats_held.saturating_sub(1);
        let booked = decision.confirm(&self.pass, slot, &self.registration, Some(self.hold));
        if is_complete {
            let ended = What::HoldEnded { hold: self.hold, by: HoldEnd::Booked };
            decision.tell(&self.pass.campaign, ended);
        }
        decision.record(&self.idempotency, &self.pass.campaign, Recorded::Booked(booked.clone()));
        BookHoldOutcome::Booked(booked)
    }
}
