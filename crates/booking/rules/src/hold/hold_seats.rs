//! Keeping seats of one slot.

use kernel::CampaignId;

use super::{Hold, HoldFacts, HoldId, HoldState, RecordedHold, hold_end};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::campaign::{NoEntry, SlotId, SlotKey};
use crate::car::{CarId, NoSeat};
use crate::event::{Actor, What};
use crate::pass::PassGrant;

/// Keeps seats of one slot for a few minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldSeats {
    /// The pass that pays for it.
    pub pass: PassGrant,
    /// The slot.
    pub slot: SlotId,
    /// How many seats.
    pub seats: u8,
    /// The car to come in, if it is to be one that others are in.
    pub car: Option<CarId>,
    /// The id of the hold to be.
    pub hold: HoldId,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of holding seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// The seats are kept.
    Held(HoldFacts),
    /// There is no such campaign.
    CampaignNotFound,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality.
    NotEligible,
    /// The pass has expired.
    PassExpired,
    /// The pass was given back.
    PassEnded,
    /// The campaign has no such slot.
    SlotNotFound,
    /// The slot has not as many places now.
    SlotFull {
        /// Places it has.
        places_left: u32,
    },
    /// The pass has not as many seats left.
    PassExhausted {
        /// Seats it has left.
        seats_left: u8,
    },
    /// Nobody of this campaign is in the car.
    CarNotFound,
    /// The car comes in another slot.
    CarInOtherSlot {
        /// In this one.
        slot: SlotId,
    },
    /// The car has not as many seats left.
    CarFull {
        /// Seats it has left.
        seats_left: u8,
    },
    /// A hold has between 1 and so many seats.
    SeatsOutOfRange {
        /// The most.
        seats_max: u8,
    },
    /// The idempotency key belongs to another request.
    KeyReused,
}

impl Asks for HoldSeats {
    type Outcome = HoldOutcome;

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
    }

    fn carry_out(&self, decision: &mut Decision) -> HoldOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Held(recorded)) => {
                let told = decision.told_before(recorded, &self.pass);
                return told.map_or(HoldOutcome::SlotNotFound, HoldOutcome::Held);
            }
            Earlier::Same(_) | Earlier::Other => return HoldOutcome::KeyReused,
        }
        let open = match decision.open_slot(&self.pass, &self.slot) {
            Ok(open) => open,
            Err(NoEntry::CampaignNotFound) => return HoldOutcome::CampaignNotFound,
            Err(NoEntry::CampaignClosed) => return HoldOutcome::CampaignClosed,
            Err(NoEntry::NotEligible) => return HoldOutcome::NotEligible,
            Err(NoEntry::PassExpired) => return HoldOutcome::PassExpired,
            Err(NoEntry::PassEnded) => return HoldOutcome::PassEnded,
            Err(NoEntry::SlotNotFound) => return HoldOutcome::SlotNotFound,
        };
        let seats_max = open.campaign.rules.seats_max;
        if !(1..=seats_max).contains(&self.seats) {
            return HoldOutcome::SeatsOutOfRange { seats_max };
        }
        let seats_left = decision.seats_left(&self.pass);
        if self.seats > seats_left {
            return HoldOutcome::PassExhausted { seats_left };
        }
        match decision.find_seats_in_car(&self.pass.campaign, self.car, &self.slot, self.seats) {
            Ok(()) => {}
            Err(NoSeat::NotFound) => return HoldOutcome::CarNotFound,
            Err(NoSeat::InOtherSlot { slot }) => return HoldOutcome::CarInOtherSlot { slot },
            Err(NoSeat::Full { seats_left }) => return HoldOutcome::CarFull { seats_left },
        }
        if u32::from(self.seats) > open.places_left {
            return HoldOutcome::SlotFull { places_left: open.places_left };
        }
        decision.take_places(&open, u32::from(self.seats));
        decision.pass_use(&self.pass).seats_held += self.seats;
        decision.take_seats_in_car(self.car, self.seats);
        let hold = Hold {
            id: self.hold,
            campaign: self.pass.campaign.clone(),
            slot: open.key.slot.clone(),
            pass_id: self.pass.pass_id,
            ags: self.pass.ags,
            seats: self.seats,
            seats_booked: 0,
            renewals: 0,
            held_at: decision.now,
            expires_at: hold_end(&open.campaign, &self.pass, decision.now),
            state: HoldState::Active,
            car: self.car,
        };
        let seats_left = decision.seats_left(&self.pass);
        let facts = HoldFacts::of(&hold, open.slot(), &open.campaign, &self.pass, seats_left);
        let told = What::SeatsHeld {
            hold: hold.id,
            slot: hold.slot.clone(),
            seats: hold.seats,
            expires_at: hold.expires_at,
        };
        decision.tell(&self.pass.campaign, told);
        decision.touched.holds.insert(hold.id);
        decision.state.holds.insert(hold.id, hold);
        let effect = Recorded::Held(RecordedHold::Whole(facts.clone()));
        decision.record(&self.idempotency, &self.pass.campaign, effect);
        HoldOutcome::Held(facts)
    }
}
