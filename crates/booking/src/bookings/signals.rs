//! What the booking service tells the waiting room.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::{CampaignId, Timestamp};
use pass::PassId;

/// How things stand in one campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signals {
    /// When.
    pub as_of: Timestamp,
    /// Places bookable now.
    pub places_left: u64,
    /// Commands waiting for a batch.
    pub queue_depth: usize,
    /// Commands that may wait at most.
    pub queue_depth_max: usize,
    /// Passes that have done what they came for.
    pub departures: Vec<PassId>,
}

/// Passes that have booked every seat of a hold, or in one step.
///
/// A departure lets the next one in; it takes nothing from the pass, which may still use what seats
/// it has left.
pub(super) struct Departures {
    campaigns: Mutex<HashMap<CampaignId, VecDeque<PassId>>>,
    departures_max: usize,
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
            campaigns.insert(campaign.clone(), VecDeque::new());
        }
        let Some(departures) = campaigns.get_mut(campaign) else { return };
        if departures.len() >= self.departures_max {
            departures.pop_front();
        }
        departures.push_back(pass_id);
    }

    pub(super) fn take(&self, campaign: &CampaignId) -> Vec<PassId> {
        let mut campaigns = self.campaigns();
        let Some(departures) = campaigns.get_mut(campaign) else { return Vec::new() };
        let count = departures.len().min(Self::TAKE_MAX);
        departures.drain(..count).collect()
    }

    fn campaigns(&self) -> MutexGuard<'_, HashMap<CampaignId, VecDeque<PassId>>> {
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
        }
        let first = departures.take(&campaign);
        assert_eq!((first.len(), first[0]), (1_000, pass(100)));
        assert_eq!(departures.take(&campaign).len(), 500);
        assert_eq!(departures.take(&campaign), []);
    }
}
