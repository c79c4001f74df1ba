//! Asking for the link of a booking that was lost.

use std::sync::Arc;

use kernel::CampaignId;

use super::{Bookings, Failure};
use crate::booking::{AskLink, Booking, BookingCode};
use crate::person::DateOfBirth;

/// Codes are drawn at random: that more bookings of a campaign have the same one does not happen.
const SAME_CODE_MAX: u32 = 4;

impl Bookings {
    /// Has the link sent to the recorded address of the booking with this code, if the person was born on
    /// that day and has an address. The answer is the same whether there is such a booking or not, and
    /// does not wait for what is done then: how long it takes says as little.
    pub async fn ask_link(
        &self,
        campaign: &CampaignId,
        code: BookingCode,
        date_of_birth: DateOfBirth,
    ) -> Result<(), Failure> {
        let store = Arc::clone(&self.store);
        let of = campaign.clone();
        let read = async move { store.bookings_with_code(&of, code, SAME_CODE_MAX).await };
        for found in self.read(read).await? {
            if is_meant(&found, date_of_birth) {
                let booking = found.registration.booking;
                let (queues, campaign) = (Arc::clone(&self.queues), campaign.clone());
                tokio::spawn(async move {
                    let asked = queues.submit(AskLink { campaign, booking }.into()).await;
                    if let Err(failure) = asked {
                        tracing::warn!(%failure, "a link that was asked for will not be sent");
                    }
                });
            }
        }
        Ok(())
    }
}

fn is_meant(booking: &Booking, date_of_birth: DateOfBirth) -> bool {
    let person = booking.registration.person.as_ref();
    person.is_some_and(|person| person.date_of_birth() == date_of_birth && person.email().is_some())
}
