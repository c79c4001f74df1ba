//! Moving a booking to another slot.

use super::{Bookings, Failure};
use crate::booking::{BookingId, MoveBooking, MoveOutcome, TokenHash};
use crate::campaign::SlotId;

impl Bookings {
    /// Moves a booking to another slot of its campaign.
    pub async fn move_booking(
        &self,
        booking: BookingId,
        slot: SlotId,
        manage_token: &str,
        key: &str,
    ) -> Result<MoveOutcome, Failure> {
        let parts = [&booking.as_bytes()[..], slot.as_str().as_bytes()];
        let idempotency = self.idempotency(booking, key, "move-booking", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let Some(head) = self.booking_head(booking).await? else {
            return Ok(MoveOutcome::BookingNotFound);
        };
        let manage_token_hash = TokenHash::of(manage_token);
        if head.manage_token_hash != manage_token_hash {
            return Ok(MoveOutcome::TokenInvalid);
        }
        let campaign = head.campaign;
        self.submit(MoveBooking { campaign, booking, slot, manage_token_hash, idempotency }).await
    }
}
