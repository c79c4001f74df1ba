//! What the booking service reports to the waiting room.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{CampaignId, Timestamp};
use pass::PassId;
use serde::Serialize;

use super::Bookings;
use crate::store::{Held, StoreError};

/// An older count would tell the waiting room what is no longer true.
const COUNT_AGE_MAX: Duration = Duration::from_secs(5);

/// How things stand in one campaign: the body of a report to its room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BookingReport {
    /// When the places were counted, on the store's clock; not when this is sent.
    pub counted_at: Timestamp,
    /// Places bookable then: open, and neither booked nor held.
    pub places_left: u64,
    /// What was held then.
    pub held: Held,
    /// How busy this process is with the campaign, now.
    pub load: Load,
    /// Passes whose holders are gone: they have booked or given their pass back, and hold nothing.
    pub departures: Vec<PassId>,
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
        let availability = &view.campaign(campaign)?.availability;
        let counted_at = availability.as_of;
        if self.now().since(counted_at) > COUNT_AGE_MAX {
            return None;
        }
        Some(BookingReport {
            counted_at,
            places_left: availability.places_left(),
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
        match tokio::spawn(async move { bookings.refresh(false).await }).await {
            Ok(counted) => counted,
            Err(error) => Err(StoreError::Broken { reason: error.to_string(), source: None }),
        }
    }

    /// Takes up what an earlier process may not have lived to report (P19). Reporting a departure
    /// again does no harm.
    pub(super) async fn remember_departures(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let passes_max = u32::try_from(self.departures.departures_max).unwrap_or(u32::MAX);
        let departed = self.store.departed_passes(campaign, now, passes_max).await?;
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

/// Passes that have booked every seat of a hold, or in one step, or were given back.
///
/// A departure lets the next one in. One after a booking takes nothing from the pass, which may still
/// use what seats it has left.
pub(super) struct Departures {
    campaigns: Mutex<HashMap<CampaignId, Queue>>,
    departures_max: usize,
}

/// Departures in their order, each of them once: whoever leaves over and over displaces nobody.
#[derive(Default)]
struct Queue {
    order: VecDeque<PassId>,
    waiting: HashSet<PassId>,
}

impl Departures {
    /// Departures reported at a time.
    const TAKE_MAX: usize = 1_000;

    pub(super) fn new(departures_max: usize) -> Self {
        Self { campaigns: Mutex::default(), departures_max }
    }

    /// Remembers a departure. When too many are waiting the earliest is forgotten: its pass is
    /// counted as present until it expires.
    pub(super) fn add(&self, campaign: &CampaignId, pass_id: PassId) {
        let mut campaigns = self.campaigns();
        // The campaign is known after the first departure; its name is copied only then.
        if !campaigns.contains_key(campaign) {
            campaigns.insert(campaign.clone(), Queue::default());
        }
        let Some(Queue { order, waiting }) = campaigns.get_mut(campaign) else { return };
        if !waiting.insert(pass_id) {
            return;
        }
        if order.len() >= self.departures_max
            && let Some(earliest) = order.pop_front()
        {
            waiting.remove(&earliest);
        }
        order.push_back(pass_id);
    }

    pub(super) fn take(&self, campaign: &CampaignId) -> Vec<PassId> {
        let mut campaigns = self.campaigns();
        let Some(Queue { order, waiting }) = campaigns.get_mut(campaign) else { return Vec::new() };
        let count = order.len().min(Self::TAKE_MAX);
        let taken: Vec<PassId> = order.drain(..count).collect();
        for pass_id in &taken {
            waiting.remove(pass_id);
        }
        taken
    }

    fn campaigns(&self) -> MutexGuard<'_, HashMap<CampaignId, Queue>> {
        self.campaigns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn departures_are_bounded_and_taken_once() {
        let departures = Departures::new(1_500);
        let campaign: CampaignId = "speyer".parse().expect("a name");
        let pass = |number: u16| {
            let mut bytes = [0; 16];
            bytes[..2].copy_from_slice(&number.to_be_bytes());
            PassId::from_bytes(bytes)
        };
        for number in 0..1_600 {
            departures.add(&campaign, pass(number));
            departures.add(&campaign, pass(number));
        }
        let first = departures.take(&campaign);
        assert_eq!((first.len(), first[0]), (1_000, pass(100)));
        assert_eq!(departures.take(&campaign).len(), 500);
        assert_eq!(departures.take(&campaign), []);
    }
}
