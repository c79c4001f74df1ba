//! Reads of a single row.
//!
//! Each runs in a task of its own, as the batches do, and only so many at a time.

use std::sync::Arc;

use super::{Bookings, Failure, background};
use crate::command::{BookingId, HoldId, PassGrant, TokenHash};
use crate::outcome::HoldFacts;
use crate::state::{Booking, Hold, HoldState};
use crate::store::StoreError;

/// A hold as its pass sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldLookup {
    /// There it is.
    Found {
        /// Its facts.
        facts: HoldFacts,
        /// Where it stands; an overdue hold counts as released.
        state: HoldState,
    },
    /// The pass has no such hold.
    HoldNotFound,
}

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

    /// The hold, for the pass it was made with.
    pub async fn find_hold(&self, pass: &PassGrant, id: HoldId) -> Result<HoldLookup, Failure> {
        let store = Arc::clone(&self.store);
        let hold: Option<Hold> = self.read(async move { store.hold(id).await }).await?;
        let hold =
            hold.filter(|hold| hold.pass_id == pass.pass_id && hold.campaign == pass.campaign);
        let view = self.view();
        let (Some(mut hold), Some(campaign)) = (hold, view.campaign(&pass.campaign)) else {
            return Ok(HoldLookup::HoldNotFound);
        };
        if hold.is_overdue(self.now()) {
            hold.state = HoldState::Released;
        }
        let facts = HoldFacts::of(&hold, &campaign.campaign, pass);
        Ok(HoldLookup::Found { facts, state: hold.state })
    }

    /// Whether the service can answer: its store is ready and has been looked at. It is not one of
    /// the reads, which may be refused because too many read: who is overrun is not unready.
    pub async fn ready(&self) -> Result<(), Failure> {
        let ready = self.store.ready().await;
        ready.map_err(|error| background::failed("ask the store whether it is ready", &error))?;
        if self.view().generation == 0 { Err(Failure::Unavailable) } else { Ok(()) }
    }

    /// Reads in a task of its own, as long as not too many do.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, Failure> {
        let permit =
            Arc::clone(&self.reads).try_acquire_owned().map_err(|_| Failure::Overloaded)?;
        let task = tokio::spawn(async move {
            let answer = read.await;
            drop(permit);
            answer
        });
        task.await.map_err(|_| Failure::Broken)?.map_err(|error| background::failed("read", &error))
    }
}
