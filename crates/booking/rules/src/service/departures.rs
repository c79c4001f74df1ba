//! The departures that a room has not heard of yet, made from events.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{CampaignId, Timestamp};
use pass::PassId;

use crate::event::What;
use crate::event::chain::NewEvents;

/// So long after a batch that failed the store is asked what has become of it. By then it has ended, however
/// late it was; and a store in trouble is not asked over and over, for it has to look at every booking.
const MISSED_FOR: Duration = Duration::from_secs(30);

/// Passes that are used up or were given back, as the events of this process tell.
pub(super) struct Departures {
    campaigns: Mutex<HashMap<CampaignId, Queue>>,
    /// Campaigns in which something may have happened that no event told, and when to ask for it.
    missed: Mutex<HashMap<CampaignId, Timestamp>>,
    waiting_max: usize,
}

/// Departures in their order, each of them once: whoever leaves over and over displaces nobody.
#[derive(Default)]
struct Queue {
    order: VecDeque<PassId>,
    waiting: HashSet<PassId>,
}

impl Departures {
    /// Departures reported at a time.
    pub(super) const TAKE_MAX: usize = 1_000;

    pub(super) fn new(waiting_max: usize) -> Self {
        Self { campaigns: Mutex::default(), missed: Mutex::default(), waiting_max }
    }

    /// How many of one campaign wait at most.
    pub(super) fn waiting_max(&self) -> u32 {
        u32::try_from(self.waiting_max).unwrap_or(u32::MAX)
    }

    /// Hears what has happened.
    pub(super) fn hear(&self, events: &[NewEvents]) {
        for NewEvents { events, link } in events {
            for event in events {
                if let What::PassEnded { pass } | What::PassUsedUp { pass } = event.what {
                    self.add(&link.campaign, pass);
                }
            }
        }
    }

    /// Notes that something may have happened in a campaign without being told here.
    pub(super) fn miss(&self, campaign: &CampaignId, now: Timestamp) {
        self.missed().entry(campaign.clone()).or_insert_with(|| now.plus(MISSED_FOR));
    }

    /// Whether it is time to ask what was missed in a campaign.
    pub(super) fn take_missed(&self, campaign: &CampaignId, now: Timestamp) -> bool {
        let mut missed = self.missed();
        let is_due = missed.get(campaign).is_some_and(|due_at| *due_at <= now);
        is_due && missed.remove(campaign).is_some()
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
        if order.len() >= self.waiting_max
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

    fn missed(&self) -> MutexGuard<'_, HashMap<CampaignId, Timestamp>> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner)
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
