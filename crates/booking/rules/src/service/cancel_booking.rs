//! Giving a booked place back.

use super::{BookingLookup, Bookings, Failure};
use crate::batch::Idempotency;
use crate::booking::{BookingId, CancelBooking, CancelOutcome, TokenHash};
use crate::secrets::{IdempotencyScope, idempotency_key};

impl Bookings {
    /// Gives a booked place back.
    pub async fn cancel_booking(
        &self,
        booking: BookingId,
        manage_token: &str,
        key: &str,
    ) -> Result<CancelOutcome, Failure> {
        let idempotency = Idempotency {
            key: idempotency_key(IdempotencyScope::Booking(booking), key),
            fingerprint: self.secrets.fingerprint("cancel-booking", &[booking.as_bytes()]),
        };
        let _running = self.running.enter(idempotency.key)?;
        let campaign = match self.booking(booking, manage_token).await? {
            BookingLookup::Found(booking) => booking.campaign,
            BookingLookup::BookingNotFound => return Ok(CancelOutcome::BookingNotFound),
            BookingLookup::TokenInvalid => return Ok(CancelOutcome::TokenInvalid),
        };
        let manage_token_hash = TokenHash::of(manage_token);
        let command = CancelBooking { campaign, booking, manage_token_hash, idempotency };
        self.submit(command).await
    }
}
