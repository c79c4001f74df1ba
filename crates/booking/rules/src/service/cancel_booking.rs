//! Giving a booked place back.

use super::{Bookings, Failure};
use crate::booking::{BookingId, CancelBooking, CancelOutcome, TokenHash};

impl Bookings {
    /// Gives a booked place back.
    pub async fn cancel_booking(
        &self,
        booking: BookingId,
        manage_token: &str,
        key: &str,
    ) -> Result<CancelOutcome, Failure> {
        let idempotency = self.idempotency(booking, key, "cancel-booking", &[booking.as_bytes()]);
        let _running = self.running.enter(idempotency.key)?;
        let Some(head) = self.booking_head(booking).await? else {
            return Ok(CancelOutcome::BookingNotFound);
        };
        let manage_token_hash = TokenHash::of(manage_token);
        if head.manage_token_hash != manage_token_hash {
            return Ok(CancelOutcome::TokenInvalid);
        }
        let campaign = head.campaign;
        let command = CancelBooking { campaign, booking, manage_token_hash, idempotency };
        self.submit(command).await
    }
}
