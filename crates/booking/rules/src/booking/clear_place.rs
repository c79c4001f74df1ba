//! Clearing a place of a closed slot, as the operator wants it.

use kernel::CampaignId;
use pass::PassId;

use super::{BookingId, BookingStatus};
use crate::batch::{Asks, Decision, Footprint, Idempotency};
use crate::campaign::{SlotId, SlotKey};
use crate::event::{Actor, HoldEnd};
use crate::hold::{HoldId, HoldState};

/// Clears what takes a place of a closed slot. Repeating it changes nothing: what was cleared is not in
/// the slot any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearPlace {
    /// The campaign.
    pub campaign: CampaignId,
    /// The slot to clear.
    pub slot: SlotId,
    /// What takes the place.
    pub taken_by: TakenBy,
    /// Where a booking goes; `None` if it is cancelled.
    pub move_to: Option<SlotId>,
}

/// What takes places of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenBy {
    /// A confirmed booking.
    Booking(BookingId),
    /// An active hold.
    Hold {
        /// Which.
        hold: HoldId,
        /// The pass that pays for it, to which its seats return.
        pass_id: PassId,
    },
}

/// What came of clearing a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearPlaceOutcome {
    /// The booking is in the other slot.
    Moved,
    /// The booking is cancelled.
    Cancelled,
    /// The hold has ended; the bookings made on it stay.
    HoldEnded,
    /// It was not in the slot any more.
    Gone,
    /// The booking stays: the other slot has no place.
    NoPlace,
    /// The slot is not closed, or not any more.
    NotClosed,
}

impl Asks for ClearPlace {
    type Outcome = ClearPlaceOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        None
    }

    fn actor(&self) -> Actor {
        Actor::Operator
    }

    fn touch(&self, footprint: &mut Footprint) {
        match self.taken_by {
            TakenBy::Booking(booking) => footprint.bookings.push(booking),
            TakenBy::Hold { hold, pass_id } => {
                footprint.holds.push(hold);
                footprint.passes.push(pass_id);
            }
        }
        footprint.slots.extend(self.move_to.iter().map(|slot| {
            let campaign = self.campaign.clone();
            SlotKey { campaign, slot: slot.clone() }
        }));
    }

    fn carry_out(&self, decision: &mut Decision) -> ClearPlaceOutcome {
        let Some(campaign) = decision.state.campaigns.get(&self.campaign) else {
            return ClearPlaceOutcome::Gone;
        };
        if !campaign.slot(&self.slot).is_some_and(|slot| slot.closed) {
            return ClearPlaceOutcome::NotClosed;
        }
        match self.taken_by {
            TakenBy::Booking(booking) => self.clear_booking(booking, decision),
            TakenBy::Hold { hold, .. } => self.clear_hold(hold, decision),
        }
    }
}

impl ClearPlace {
    fn clear_booking(&self, id: BookingId, decision: &mut Decision) -> ClearPlaceOutcome {
        let booking = decision.booking_of(&self.campaign, id).filter(|booking| {
            booking.slot == self.slot && booking.status == BookingStatus::Confirmed
        });
        if booking.is_none() {
            return ClearPlaceOutcome::Gone;
        }
        let Some(move_to) = &self.move_to else {
            decision.cancel(id);
            return ClearPlaceOutcome::Cancelled;
        };
        match decision.slot_with_free_places(&self.campaign, move_to) {
            Some(target) if target.places_left > 0 => {
                decision.move_to(id, &target);
                ClearPlaceOutcome::Moved
            }
            Some(_) | None => ClearPlaceOutcome::NoPlace,
        }
    }

    fn clear_hold(&self, id: HoldId, decision: &mut Decision) -> ClearPlaceOutcome {
        let hold = decision.state.holds.get(&id).filter(|hold| {
            hold.campaign == self.campaign
                && hold.slot == self.slot
                && hold.state == HoldState::Active
        });
        if hold.is_none() {
            return ClearPlaceOutcome::Gone;
        }
        decision.end_hold(id, HoldEnd::Cleared);
        ClearPlaceOutcome::HoldEnded
    }
}
