//! Giving a booked place back.

use std::sync::Arc;

use kernel::{CampaignId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{BookingHead, BookingId, BookingStatus, TokenHash};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::campaign::SlotKey;
use crate::event::{Actor, What};

/// Gives a booked place back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelBooking {
    /// The campaign of the booking.
    pub campaign: CampaignId,
    /// The booking.
    pub booking: BookingId,
    /// The hash of the token presented.
    pub manage_token_hash: TokenHash,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of a cancellation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The place is free again.
    Cancelled(Cancelled),
    /// There is no such booking.
    BookingNotFound,
    /// The token is not that of the booking.
    TokenInvalid,
    /// The booking was cancelled before, by another request.
    AlreadyCancelled,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// The facts of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    /// The booking.
    pub booking: BookingId,
    /// When.
    pub cancelled_at: Timestamp,
}

impl Asks for CancelBooking {
    type Outcome = CancelOutcome;

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
    }

    fn carry_out(&self, decision: &mut Decision) -> CancelOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Cancelled(cancelled)) => {
                return CancelOutcome::Cancelled(cancelled);
            }
            Earlier::Same(_) | Earlier::Other => return CancelOutcome::KeyReused,
        }
        match decision.managed(&self.campaign, self.booking, self.manage_token_hash) {
            Ok(_) => {}
            Err(NotManaged::NotFound) => return CancelOutcome::BookingNotFound,
            Err(NotManaged::TokenInvalid) => return CancelOutcome::TokenInvalid,
            Err(NotManaged::Cancelled) => return CancelOutcome::AlreadyCancelled,
        }
        let cancelled = decision.cancel(self.booking);
        decision.record(&self.idempotency, &self.campaign, Recorded::Cancelled(cancelled));
        CancelOutcome::Cancelled(cancelled)
    }
}

/// Why a token manages nothing.
pub(crate) enum NotManaged {
    NotFound,
    TokenInvalid,
    Cancelled,
}

impl Decision {
    /// The booking of this id, if it is one of the campaign.
    pub(super) fn booking_of(
        &self,
        campaign: &CampaignId,
        booking: BookingId,
    ) -> Option<&BookingHead> {
        self.state.bookings.get(&booking).filter(|head| head.campaign == *campaign)
    }

    /// The confirmed booking that this token manages.
    pub(crate) fn managed(
        &self,
        campaign: &CampaignId,
        booking: BookingId,
        token: TokenHash,
    ) -> Result<&BookingHead, NotManaged> {
        let head = self.booking_of(campaign, booking).ok_or(NotManaged::NotFound)?;
        if head.manage_token_hash != token {
            return Err(NotManaged::TokenInvalid);
        }
        match head.status {
            BookingStatus::Confirmed => Ok(head),
            BookingStatus::Cancelled { .. } => Err(NotManaged::Cancelled),
        }
    }

    /// Gives the place of a confirmed booking back.
    pub(super) fn cancel(&mut self, id: BookingId) -> Cancelled {
        let cancelled = Cancelled { booking: id, cancelled_at: self.now };
        if let Some(booking) = self.state.bookings.get_mut(&id) {
            booking.status = BookingStatus::Cancelled { at: self.now };
            booking.sequence += 1;
            let key = SlotKey { campaign: booking.campaign.clone(), slot: booking.slot.clone() };
            let person = (booking.campaign.clone(), booking.person_key);
            let (pass_id, car) = (booking.pass_id, booking.car.take());
            self.state.active_persons.remove(&person);
            let slot = key.slot.clone();
            self.tell(&key.campaign, What::Cancelled { booking: id, slot });
            self.free_places(key, 1);
            self.return_seat(pass_id);
            self.give_back_seats_in_car(car, 1);
            self.mark_cancelled(cancelled);
        }
        cancelled
    }

    fn mark_cancelled(&mut self, cancelled: Cancelled) {
        let Cancelled { booking, cancelled_at } = cancelled;
        let mut inserted = self.touched.bookings_inserted.iter_mut();
        let inserted = inserted.find(|inserted| inserted.registration.booking == booking);
        if let Some(inserted) = inserted {
            inserted.status = BookingStatus::Cancelled { at: cancelled_at };
            inserted.sequence += 1;
            inserted.registration = Arc::new(inserted.registration.erased());
            inserted.car = None;
        } else {
            self.touched.bookings_cancelled.push(cancelled);
            self.forget_what_is_cancelled(booking);
        }
    }
}
