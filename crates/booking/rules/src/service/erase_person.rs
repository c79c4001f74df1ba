//! Erasing whom a booking is for.

use super::{Bookings, Failure};
use crate::booking::{BookingId, ErasePerson, ErasePersonOutcome, TokenHash};

impl Bookings {
    /// Erases whom a booking is for, and gives its place back if its time has not begun.
    pub async fn erase_person(
        &self,
        booking: BookingId,
        manage_token: &str,
        key: &str,
    ) -> Result<ErasePersonOutcome, Failure> {
        let idempotency = self.idempotency(booking, key, "erase-person", &[booking.as_bytes()]);
        let _running = self.running.enter(idempotency.key)?;
        let Some(head) = self.booking_head(booking).await? else {
            return Ok(ErasePersonOutcome::BookingNotFound);
        };
        let manage_token_hash = TokenHash::of(manage_token);
        if head.manage_token_hash != manage_token_hash {
            return Ok(ErasePersonOutcome::TokenInvalid);
        }
        let campaign = head.campaign;
        self.submit(ErasePerson { campaign, booking, manage_token_hash, idempotency }).await
    }
}
