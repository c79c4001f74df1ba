//! The places of a slot: who may have some, taking them, giving them back.

use std::sync::Arc;

use kernel::{CampaignId, Timestamp};

use super::{Campaign, Slot, SlotId, SlotKey};
use crate::batch::Decision;
use crate::event::What;
use crate::pass::PassGrant;

/// Why a pass cannot get a place of a slot.
pub(crate) enum NoEntry {
    CampaignNotFound,
    CampaignClosed,
    NotEligible,
    PassExpired,
    PassEnded,
    SlotNotFound,
}

/// A slot with places to give.
pub(crate) struct OpenSlot {
    pub(crate) campaign: Arc<Campaign>,
    pub(crate) key: SlotKey,
    pub(crate) places_left: u32,
}

impl OpenSlot {
    pub(crate) fn slot(&self) -> &Slot {
        self.campaign.slot(&self.key.slot).expect("an open slot was found in its campaign")
    }
}

impl Decision {
    /// The slot, if `pass` may have places of it.
    pub(crate) fn open_slot(&self, pass: &PassGrant, slot: &SlotId) -> Result<OpenSlot, NoEntry> {
        self.open_campaign(pass)?;
        self.slot_with_places(&pass.campaign, slot).ok_or(NoEntry::SlotNotFound)
    }

    /// The campaign, if something new may begin in it with `pass`.
    pub(crate) fn open_campaign(&self, pass: &PassGrant) -> Result<Arc<Campaign>, NoEntry> {
        let campaign = self.state.campaigns.get(&pass.campaign).ok_or(NoEntry::CampaignNotFound)?;
        if campaign.is_closed(self.now) {
            return Err(NoEntry::CampaignClosed);
        }
        if !campaign.is_eligible(pass.ags) {
            return Err(NoEntry::NotEligible);
        }
        if pass.expires_at <= self.now {
            return Err(NoEntry::PassExpired);
        }
        if self.has_ended(pass) {
            return Err(NoEntry::PassEnded);
        }
        Ok(Arc::clone(campaign))
    }

    /// The places that can be booked now in all slots of a campaign, which were loaded.
    pub(crate) fn places_bookable_in(&self, campaign: &Campaign) -> u64 {
        let places = campaign.slots.iter().filter_map(|slot| {
            let key = SlotKey { campaign: campaign.id.clone(), slot: slot.id.clone() };
            let used = self.state.slots.get(&key)?.used();
            Some(u64::from(campaign.places_bookable(slot, used, self.now)))
        });
        places.sum()
    }

    /// The slot with the places that can be booked in it now, whoever asks; `None` if there is none.
    pub(crate) fn slot_with_places(&self, id: &CampaignId, slot: &SlotId) -> Option<OpenSlot> {
        self.slot_with(id, slot, Campaign::places_bookable)
    }

    /// The slot with the places that are free in it now, also when booking has ended.
    pub(crate) fn slot_with_free_places(&self, id: &CampaignId, slot: &SlotId) -> Option<OpenSlot> {
        self.slot_with(id, slot, Campaign::places_free)
    }

    fn slot_with(
        &self,
        id: &CampaignId,
        slot: &SlotId,
        places: fn(&Campaign, &Slot, u32, Timestamp) -> u32,
    ) -> Option<OpenSlot> {
        let campaign = self.state.campaigns.get(id)?;
        let definition = campaign.slot(slot)?;
        let key = SlotKey { campaign: id.clone(), slot: definition.id.clone() };
        let used = self.state.slots.get(&key)?.used();
        let places_left = places(campaign, definition, used, self.now);
        Some(OpenSlot { campaign: Arc::clone(campaign), key, places_left })
    }

    /// Takes places that `open` has; the watermark of what was ever open moves along (P1).
    pub(crate) fn take_places(&mut self, open: &OpenSlot, places: u32) {
        debug_assert!(places <= open.places_left, "more places taken than there are");
        let released = open.campaign.released_at(open.slot(), self.now);
        if let Some(counters) = self.state.slots.get_mut(&open.key) {
            counters.taken += places;
            counters.released = counters.released.max(released);
            debug_assert!(counters.used() <= counters.released, "P1: taken + reserved ≤ released");
        }
        self.touched.slots.insert(open.key.clone());
    }

    /// Gives places back: to those on the waitlist first.
    pub(crate) fn free_places(&mut self, key: SlotKey, places: u32) {
        if let Some(counters) = self.state.slots.get_mut(&key) {
            debug_assert!(places <= counters.taken, "more places freed than were taken");
            counters.taken = counters.taken.saturating_sub(places);
            if places > 0 {
                let slot = key.slot.clone();
                self.tell(&key.campaign, What::PlacesFreed { slot, places });
                self.keep_freed_places(&key, places);
            }
            self.touched.slots.insert(key);
        }
    }
}
