//! Holding one seat and booking it in one step.

use std::sync::Arc;

use kernel::CampaignId;

use super::{Booked, Registration};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::campaign::{NoEntry, SlotId, SlotKey};
use crate::car::{CarId, NoSeat};
use crate::eligibility::Unmet;
use crate::event::Actor;
use crate::pass::{BindingCheck, PassGrant};

/// Holds one seat and books it in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookSlot {
    /// The pass that pays for it.
    pub pass: PassGrant,
    /// The slot.
    pub slot: SlotId,
    /// The car to come in, if it is to be one that others are in.
    pub car: Option<CarId>,
    /// Who.
    pub registration: Arc<Registration>,
    /// Whether the pass is for that person.
    pub binding: BindingCheck,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of holding and booking in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookSlotOutcome {
    /// The person has a place.
    Booked(Booked),
    /// There is no such campaign.
    CampaignNotFound,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality.
    NotEligible,
    /// The person does not meet what the campaign asks of them.
    Unmet(Unmet),
    /// The pass has expired.
    PassExpired,
    /// The pass was given back.
    PassEnded,
    /// The campaign has no such slot.
    SlotNotFound,
    /// The slot has no place now.
    SlotFull,
    /// All seats of the pass are used.
    PassExhausted,
    /// Nobody of this campaign is in the car.
    CarNotFound,
    /// The car comes in another slot.
    CarInOtherSlot {
        /// In this one.
        slot: SlotId,
    },
    /// The car has no seat left.
    CarFull,
    /// The pass is bound to somebody else, who has to be booked first.
    PersonNotOfPass,
    /// The person has an active booking in this campaign.
    AlreadyBooked,
    /// The pass has made too many guesses at who is booked.
    RefusedTooOften,
    /// The idempotency key belongs to another request.
    KeyReused,
}

impl Asks for BookSlot {
    type Outcome = BookSlotOutcome;

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
        let (campaign, slot) = (self.pass.campaign.clone(), self.slot.clone());
        footprint.slots.push(SlotKey { campaign, slot });
        footprint.passes.push(self.pass.pass_id);
        footprint.cars.extend(self.car);
        footprint.add_person(&self.pass.campaign, &self.registration);
    }

    fn carry_out(&self, decision: &mut Decision) -> BookSlotOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Booked(booked)) => {
                return BookSlotOutcome::Booked(decision.as_it_stands(&self.pass, booked));
            }
            Earlier::Same(_) | Earlier::Other => return BookSlotOutcome::KeyReused,
        }
        let open = match decision.open_slot(&self.pass, &self.slot) {
            Ok(open) => open,
            Err(NoEntry::CampaignNotFound) => return BookSlotOutcome::CampaignNotFound,
            Err(NoEntry::CampaignClosed) => return BookSlotOutcome::CampaignClosed,
            Err(NoEntry::NotEligible) => return BookSlotOutcome::NotEligible,
            Err(NoEntry::PassExpired) => return BookSlotOutcome::PassExpired,
            Err(NoEntry::PassEnded) => return BookSlotOutcome::PassEnded,
            Err(NoEntry::SlotNotFound) => return BookSlotOutcome::SlotNotFound,
        };
        if let Some(unmet) = self.registration.unmet(&open.campaign) {
            return BookSlotOutcome::Unmet(unmet);
        }
        if decision.seats_left(&self.pass) == 0 {
            return BookSlotOutcome::PassExhausted;
        }
        match decision.find_seats_in_car(&self.pass.campaign, self.car, &self.slot, 1) {
            Ok(()) => {}
            Err(NoSeat::NotFound) => return BookSlotOutcome::CarNotFound,
            Err(NoSeat::InOtherSlot { slot }) => {
                return BookSlotOutcome::CarInOtherSlot { slot };
            }
            Err(NoSeat::Full { .. }) => return BookSlotOutcome::CarFull,
        }
        if open.places_left == 0 {
            return BookSlotOutcome::SlotFull;
        }
        // From here on an answer says something about the person: a wrong guess is a booking and costs a seat,
        // and there are only so many right ones (P4).
        if !decision.may_be_booked(&self.pass, self.binding) {
            return BookSlotOutcome::PersonNotOfPass;
        }
        if decision.has_guessed_too_often(&self.pass) {
            return BookSlotOutcome::RefusedTooOften;
        }
        if self.registration.has_booked(&self.pass.campaign, &decision.state.active_persons) {
            decision.count_guess(&self.pass);
            return BookSlotOutcome::AlreadyBooked;
        }
        decision.take_places(&open, 1);
        let mut booked = decision.confirm(&self.pass, open.slot(), &self.registration, None);
        decision.take_seats_in_car(self.car, 1);
        decision.bring_in_car(&mut booked, self.car);
        decision.record(&self.idempotency, &self.pass.campaign, Recorded::Booked(booked.clone()));
        BookSlotOutcome::Booked(booked)
    }
}
