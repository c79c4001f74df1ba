//! Registering one person onto a hold.

use std::sync::Arc;

use kernel::CampaignId;

use super::on_hold::NoRegistration;
use super::{Booked, Registration};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::eligibility::Unmet;
use crate::event::Actor;
use crate::hold::HoldId;
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
    /// The person does not meet what the campaign asks of them.
    Unmet(Unmet),
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
        let open = match decision.open_hold(&self.pass, self.hold) {
            Ok(open) => open,
            Err(NoRegistration::HoldNotFound) => return BookHoldOutcome::HoldNotFound,
            Err(NoRegistration::HoldEnded) => return BookHoldOutcome::HoldEnded,
            Err(NoRegistration::CampaignClosed) => return BookHoldOutcome::CampaignClosed,
            Err(NoRegistration::NotEligible) => return BookHoldOutcome::NotEligible,
        };
        if let Some(unmet) = self.registration.unmet(&open.campaign) {
            return BookHoldOutcome::Unmet(unmet);
        }
        // Before the next question, whose answer says something about the person.
        if !decision.may_be_booked(&self.pass, self.binding) {
            return BookHoldOutcome::PersonNotOfPass;
        }
        if decision.has_guessed_too_often(&self.pass) {
            return BookHoldOutcome::RefusedTooOften;
        }
        if self.registration.has_booked(&self.pass.campaign, &decision.state.active_persons) {
            decision.count_guess(&self.pass);
            return BookHoldOutcome::AlreadyBooked;
        }
        let (registration, key) = (&self.registration, &self.idempotency);
        BookHoldOutcome::Booked(decision.register(&self.pass, &open, registration, key))
    }
}
