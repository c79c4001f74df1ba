//! The waitlists of the model.

use std::collections::BTreeSet;

use kernel::CampaignId;

use super::{Tables, broken};
use crate::batch::{Changes, Footprint, State};
use crate::campaign::SlotKey;
use crate::store::StoreError;
use crate::waitlist::{
    EntryHead, EntryStanding, Offer, OfferState, WaitlistCounts, WaitlistEntry, WaitlistEntryId,
};

impl Tables {
    /// What of the waitlists a batch may look at, once its persons and campaigns are known.
    pub(super) fn load_waitlists(&self, footprint: &Footprint, state: &mut State) {
        for (id, campaign) in &state.campaigns {
            if campaign.waitlist.is_some() {
                state.waitlists.insert(id.clone(), self.waitlist_counts(id));
            }
        }
        let mut entries: BTreeSet<WaitlistEntryId> = footprint.entries.iter().copied().collect();
        let waiting = || self.entries.values().filter(|entry| entry.state.is_waiting());
        let is_meant = |entry: &&WaitlistEntry| {
            footprint.person_keys.contains(&(entry.campaign.clone(), entry.person_key))
        };
        entries.extend(waiting().filter(is_meant).map(|entry| entry.id));
        for (campaign, entries_max) in &footprint.call_ups {
            let of_campaign = waiting().filter(|entry| entry.campaign == *campaign);
            let (offered, mut free): (Vec<_>, Vec<_>) =
                of_campaign.partition(|entry| self.open_offer(entry.id).is_some());
            free.sort_unstable_by_key(|entry| EntryHead::from(*entry).rank());
            let entries_max = usize::try_from(*entries_max).unwrap_or(usize::MAX);
            entries.extend(
                offered.into_iter().chain(free.into_iter().take(entries_max)).map(|of| of.id),
            );
        }
        for offer in footprint.offers.iter().filter_map(|id| self.offers.get(id)) {
            entries.insert(offer.entry);
            state.offers.insert(offer.id, offer.clone());
        }
        for entry in entries.iter().filter_map(|id| self.entries.get(id)) {
            state.entries.insert(entry.id, entry.into());
            state.passes.extend(self.passes.get(&entry.pass_id).map(|of| (of.pass_id, of.clone())));
            for offer in self.offers.values().filter(|offer| offer.entry == entry.id) {
                match offer.state {
                    OfferState::Open => drop(state.offers.insert(offer.id, offer.clone())),
                    OfferState::Declined { .. } => {
                        state.declined.insert((entry.id, offer.slot.clone()));
                    }
                    OfferState::Accepted { .. }
                    | OfferState::Expired { .. }
                    | OfferState::Withdrawn { .. } => {}
                }
            }
        }
        let of_offers = state
            .offers
            .values()
            .map(|offer| SlotKey { campaign: offer.campaign.clone(), slot: offer.slot.clone() });
        let whole = |key: &&SlotKey| footprint.whole_campaigns.contains(&key.campaign);
        let keys: Vec<SlotKey> =
            of_offers.chain(self.slots.keys().filter(whole).cloned()).collect();
        for key in keys {
            state.slots.extend(self.slots.get(&key).map(|counters| (key, *counters)));
        }
    }

    /// Writes what changes of waitlists; P4: a person waits once.
    pub(super) fn write_waitlists(&mut self, changes: &mut Changes) -> Result<(), StoreError> {
        for change in std::mem::take(&mut changes.entries_changed) {
            let entry = self.entries.get_mut(&change.entry).ok_or(broken("no such entry"))?;
            if !entry.state.is_waiting() {
                return Err(broken("an entry ends once"));
            }
            *entry = entry.clone().changed(&change);
        }
        for entry in std::mem::take(&mut changes.entries_inserted) {
            let is_same = |other: &WaitlistEntry| {
                other.state.is_waiting()
                    && other.campaign == entry.campaign
                    && other.person_key == entry.person_key
            };
            if entry.state.is_waiting() && self.entries.values().any(is_same) {
                return Err(broken("P4: one person waits once"));
            }
            if self.entries.insert(entry.id, entry).is_some() {
                return Err(broken("an entry id is used once"));
            }
        }
        for offer in std::mem::take(&mut changes.offers) {
            let earlier = self.offers.get(&offer.id).map(|earlier| earlier.state);
            if earlier.is_some_and(|state| state != OfferState::Open) {
                return Err(broken("an offer ends once"));
            }
            if offer.state == OfferState::Open
                && self.open_offer(offer.entry).is_some_and(|open| open.id != offer.id)
            {
                return Err(broken("an entry has one open offer"));
            }
            self.offers.insert(offer.id, offer);
        }
        Ok(())
    }

    pub(super) fn waitlist_counts(&self, campaign: &CampaignId) -> WaitlistCounts {
        let of_campaign = || self.entries.values().filter(|entry| entry.campaign == *campaign);
        let waiting = of_campaign().filter(|entry| entry.state.is_waiting());
        let (offered, waiting): (Vec<_>, Vec<_>) =
            waiting.partition(|entry| self.open_offer(entry.id).is_some());
        let slots = self.slots.iter().filter(|(key, _)| key.campaign == *campaign);
        let count = |entries: &[_]| u32::try_from(entries.len()).unwrap_or(u32::MAX);
        WaitlistCounts {
            waiting: count(&waiting),
            offered: count(&offered),
            reserved: slots.map(|(_, counters)| counters.reserved).sum(),
            last_number: of_campaign().map(|entry| entry.number).max().unwrap_or_default(),
        }
    }

    pub(super) fn entry_standing(&self, id: WaitlistEntryId) -> Option<EntryStanding> {
        let entry = self.entries.get(&id)?;
        let offers = self.offers.values().filter(|offer| offer.entry == id);
        let rank = EntryHead::from(entry).rank();
        let precedes = |other: &&WaitlistEntry| {
            other.campaign == entry.campaign
                && other.state.is_waiting()
                && EntryHead::from(*other).rank() <= rank
        };
        let before = self.entries.values().filter(precedes).count();
        Some(EntryStanding {
            entry: entry.clone(),
            offer: offers.max_by_key(|offer| (offer.made_at, offer.id)).cloned(),
            position: entry.state.is_waiting().then(|| u32::try_from(before).unwrap_or(u32::MAX)),
        })
    }

    fn open_offer(&self, entry: WaitlistEntryId) -> Option<&Offer> {
        self.offers.values().find(|offer| offer.entry == entry && offer.state == OfferState::Open)
    }

    pub(super) fn remove_waitlist(&mut self, campaign: &CampaignId) {
        self.entries.retain(|_, entry| entry.campaign != *campaign);
        self.offers.retain(|_, offer| offer.campaign != *campaign);
    }
}
