//! Letting others come in the car of a booking.

use super::{Bookings, Failure};
use crate::booking::{BookingId, TokenHash};
use crate::car::{CarId, OpenCar, OpenCarOutcome};

/// So often it is tried anew where the booking has come into another car meanwhile.
const ATTEMPTS_MAX: usize = 4;

impl Bookings {
    /// Lets others come in the car of a booking.
    pub async fn open_car(
        &self,
        booking: BookingId,
        manage_token: &str,
    ) -> Result<OpenCarOutcome, Failure> {
        let manage_token_hash = TokenHash::of(manage_token);
        for _ in 0..ATTEMPTS_MAX {
            let Some(head) = self.booking_head(booking).await? else {
                return Ok(OpenCarOutcome::BookingNotFound);
            };
            if head.manage_token_hash != manage_token_hash {
                return Ok(OpenCarOutcome::TokenInvalid);
            }
            // Whoever knows it comes in: it is as hard to guess as a token.
            let car = head.car.unwrap_or_else(|| CarId::from_bytes(self.entropy.bytes()));
            let campaign = head.campaign;
            let open = OpenCar { campaign, booking, manage_token_hash, car };
            match self.submit(open).await? {
                OpenCarOutcome::Outdated => {}
                outcome => return Ok(outcome),
            }
        }
        Ok(OpenCarOutcome::Outdated)
    }
}
