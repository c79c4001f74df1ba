//! Moving a booking to another slot.

use kernel::{CampaignId, Timestamp};
use serde::{Deserialize, Serialize};

use super::cancel_booking::NotManaged;
use super::{BookingId, TokenHash};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::campaign::{SiteId, Slot, SlotId, SlotKey};
use crate::event::Actor;

/// Moves a booking to another slot of its campaign: it takes a place there and gives its own back in
/// the same decision, so it needs no spare place but the target (P6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveBooking {
    /// The campaign of the booking.
    pub campaign: CampaignId,
    /// The booking.
    pub booking: BookingId,
    /// Where to.
    pub slot: SlotId,
    /// The hash of the token presented.
    pub manage_token_hash: TokenHash,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of moving a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveOutcome {
    /// The booking is in the slot, now or since before.
    Moved(Moved),
    /// There is no such booking.
    BookingNotFound,
    /// The token is not that of the booking.
    TokenInvalid,
    /// The booking was cancelled.
    AlreadyCancelled,
    /// Booking has ended.
    CampaignClosed,
    /// The time of the booking has begun.
    SlotBegun,
    /// The campaign has no such slot.
    SlotNotFound,
    /// The slot has no place now.
    SlotFull,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// The facts of a booking in its new slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The booking.
    pub booking: BookingId,
    /// The slot.
    pub slot: SlotId,
    /// Its site.
    pub site: SiteId,
    /// From.
    pub starts_at: Timestamp,
    /// Until.
    pub ends_at: Timestamp,
}

impl Asks for MoveBooking {
    type Outcome = MoveOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        Some(&self.idempotency)
    }

    fn actor(&self) -> Actor {
        Actor::TokenOf(self.booking)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.bookings.push(self.booking);
        let (campaign, slot) = (self.campaign.clone(), self.slot.clone());
        footprint.slots.push(SlotKey { campaign, slot });
    }

    fn carry_out(&self, decision: &mut Decision) -> MoveOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Moved(moved)) => return MoveOutcome::Moved(moved),
            Earlier::Same(_) | Earlier::Other => return MoveOutcome::KeyReused,
        }
        let managed = decision.managed(&self.campaign, self.booking, self.manage_token_hash);
        let booking = match managed {
            Ok(booking) => booking,
            Err(NotManaged::NotFound) => return MoveOutcome::BookingNotFound,
            Err(NotManaged::TokenInvalid) => return MoveOutcome::TokenInvalid,
            Err(NotManaged::Cancelled) => return MoveOutcome::AlreadyCancelled,
        };
        let Some(target) = decision.slot_with_places(&self.campaign, &self.slot) else {
            return MoveOutcome::SlotNotFound;
        };
        if booking.slot != self.slot {
            if target.campaign.is_closed(decision.now) {
                return MoveOutcome::CampaignClosed;
            }
            let left = target.campaign.slot(&booking.slot);
            if left.is_some_and(|slot| slot.starts_at <= decision.now) {
                return MoveOutcome::SlotBegun;
            }
            if target.places_left == 0 {
                return MoveOutcome::SlotFull;
            }
            decision.move_to(self.booking, &target);
        }
        // Recorded also where it was there already: a late repeat must not undo what was done since.
        let moved = Moved::of(self.booking, target.slot());
        decision.record(&self.idempotency, &self.campaign, Recorded::Moved(moved.clone()));
        MoveOutcome::Moved(moved)
    }
}

impl Moved {
    fn of(booking: BookingId, slot: &Slot) -> Self {
        Self {
            booking,
            slot: slot.id.clone(),
            site: slot.site.clone(),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
        }
    }
}
