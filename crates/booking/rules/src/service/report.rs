//! What the booking service reports to the waiting room.

use std::sync::Arc;
use std::time::Duration;

use kernel::{CampaignId, Timestamp};
use pass::PassId;
use serde::Serialize;

use super::Bookings;
use super::background::Look;
use super::departures::Departures;
use crate::store::{Held, StoreError};

/// An older count would tell the waiting room what is no longer true.
const COUNT_AGE_MAX: Duration = Duration::from_secs(5);

/// How things stand in one campaign: the body of a report to its room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BookingReport {
    /// When the places were counted, on the store's clock; not when this is sent.
    pub counted_at: Timestamp,
    /// Places bookable then: open, and neither booked, held nor kept for those who wait. Those of the waitlist
    /// are among them while it is open: people are called for these, too.
    pub places_left: u64,
    /// What was held then.
    pub held: Held,
    /// How busy this process is with the campaign, now.
    pub load: Load,
    /// Passes whose holders are gone: they have booked or given their pass back, and hold nothing.
    pub departures: Vec<PassId>,
}

impl BookingReport {
    /// Whether there may be more departures than one report tells.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.departures.len() >= Departures::TAKE_MAX
    }
}

/// How busy a process is with a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Commands waiting for a batch.
    pub queue_depth: usize,
    /// Commands that may wait at most.
    pub queue_depth_max: usize,
}

impl Bookings {
    /// What the room of a campaign should know. `None` if the campaign is not known, or its places
    /// were counted more than 5 seconds ago, as when the store does not answer.
    ///
    /// At most 1,000 departures at a time, each of them once; give those back that could not be
    /// reported ([`Self::return_departures`]). A pass with an open hold stays until it has none,
    /// whichever process the hold was made in. One read of the store if there are departures.
    pub async fn report(&self, campaign: &CampaignId) -> Option<BookingReport> {
        let view = self.view();
        let known = view.campaign(campaign)?;
        let availability = &known.availability;
        let counted_at = availability.as_of;
        if self.now().since(counted_at) > COUNT_AGE_MAX {
            return None;
        }
        Some(BookingReport {
            counted_at,
            places_left: known.places_to_get(),
            held: availability.held,
            load: Load {
                queue_depth: self.queues.depth(campaign),
                queue_depth_max: self.queues.depth_max(),
            },
            departures: self.departed(campaign).await,
        })
    }

    /// Takes those departures back that could not be reported.
    pub fn return_departures(&self, campaign: &CampaignId, departures: Vec<PassId>) {
        for pass_id in departures {
            self.departures.add(campaign, pass_id);
        }
    }

    /// Counts the places now, for a last report: nothing counts them once the service is closing.
    pub async fn count_now(self: Arc<Self>) -> Result<(), StoreError> {
        let bookings = Arc::clone(&self);
        // In a task of its own, as everything that touches the store.
        match tokio::spawn(async move { bookings.refresh(Look::Everything).await }).await {
            Ok(counted) => counted,
            Err(error) => Err(StoreError::Broken { reason: error.to_string(), source: None }),
        }
    }

    /// Takes up the departures that this process has not heard of: those that an earlier one may not
    /// have lived to report, and those of batches that may have taken effect though nothing was
    /// answered (P19). Reporting a departure again does no harm.
    pub(super) async fn remember_departures(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let departed =
            self.store.departed_passes(campaign, now, self.departures.waiting_max()).await?;
        self.return_departures(campaign, departed);
        Ok(())
    }

    async fn departed(&self, campaign: &CampaignId) -> Vec<PassId> {
        let candidates = self.departures.take(campaign);
        if candidates.is_empty() {
            return candidates;
        }
        let (store, asked, now) = (Arc::clone(&self.store), candidates.clone(), self.now());
        let read = self.read(async move { store.passes_with_open_holds(&asked, now).await });
        let Ok(present) = read.await else {
            self.return_departures(campaign, candidates);
            return Vec::new();
        };
        let (staying, departed) = candidates.into_iter().partition(|id| present.contains(id));
        self.return_departures(campaign, staying);
        departed
    }
}
