//! Looking at a booking.

use std::sync::Arc;

use super::{Bookings, Failure};
use crate::booking::{Booking, BookingHead, BookingId, TokenHash};

/// A booking as the holder of its manage token sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookingLookup {
    /// There it is.
    Found(Box<Booking>),
    /// There is no such booking.
    BookingNotFound,
    /// The token is not that of the booking.
    TokenInvalid,
}

impl Bookings {
    /// The booking, for who has its token.
    pub async fn booking(
        &self,
        id: BookingId,
        manage_token: &str,
    ) -> Result<BookingLookup, Failure> {
        let store = Arc::clone(&self.store);
        let booking = self.read(async move { store.booking(id).await }).await?;
        Ok(match booking {
            None => BookingLookup::BookingNotFound,
            // Both are hashes: how long the comparison takes tells nothing of the token.
            Some(booking)
                if booking.registration.manage_token_hash == TokenHash::of(manage_token) =>
            {
                BookingLookup::Found(Box::new(booking))
            }
            Some(_) => BookingLookup::TokenInvalid,
        })
    }

    /// What is looked at before a booking is changed or cancelled.
    pub(super) async fn booking_head(&self, id: BookingId) -> Result<Option<BookingHead>, Failure> {
        let store = Arc::clone(&self.store);
        self.read(async move { store.booking_head(id).await }).await
    }
}
