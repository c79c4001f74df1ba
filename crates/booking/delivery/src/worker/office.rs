//! What a worker works with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use booking::{BookingSecrets, BookingStore, Campaign, MailRules, MailStore, SlotId, StoreError};
use kernel::{CampaignId, Entropy};

use crate::letter::Letterhead;

/// How fast a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The time between two looks at what is due.
    pub every: Duration,
    /// Letters that this worker may hand over in a minute.
    pub mails_per_minute: u32,
    /// The longest that handing one over may take; no letter is begun whose lease could end before.
    pub hand_over_max: Duration,
    /// How long before an appointment its reminder goes out; `None` for no reminders.
    pub remind_before: Option<Duration>,
}

/// What a worker works with.
pub struct Office {
    /// The bookings.
    pub bookings: Arc<dyn BookingStore>,
    /// The letters about them.
    pub mails: Arc<dyn MailStore>,
    /// Makes the tokens with which bookings and entries of waitlists are managed.
    pub secrets: BookingSecrets,
    /// Names of leases, and the spread of retries.
    pub entropy: Arc<dyn Entropy>,
    /// What is the same in all letters.
    pub head: Letterhead,
    /// How fast.
    pub pace: Pace,
    /// The campaigns as they were lately; by default none is known yet.
    pub campaigns: Known,
}

/// Campaigns that were read lately.
#[derive(Debug, Default)]
pub struct Known(Mutex<HashMap<CampaignId, Arc<Campaign>>>);

impl Office {
    pub(super) fn rules(&self) -> MailRules {
        MailRules { remind_before: self.pace.remind_before }
    }

    /// A campaign, with this slot: read again where what is known does not have it.
    pub(super) async fn campaign(
        &self,
        id: &CampaignId,
        slot: Option<&SlotId>,
    ) -> Result<Option<Arc<Campaign>>, StoreError> {
        let has_slot =
            |campaign: &Arc<Campaign>| slot.is_none_or(|slot| campaign.slot(slot).is_some());
        let known = self.campaigns.get(id).filter(has_slot);
        if known.is_some() {
            return Ok(known);
        }
        let read = self.bookings.campaigns().await?.into_iter();
        let read = read.map(|campaign| (campaign.id.clone(), Arc::new(campaign)));
        *self.campaigns.0.lock().unwrap_or_else(PoisonError::into_inner) = read.collect();
        Ok(self.campaigns.get(id))
    }
}

impl Known {
    fn get(&self, id: &CampaignId) -> Option<Arc<Campaign>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Reads all of them again when the next one is needed.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
