//! What the commands of a waitlist share: entries and offers that change, and places that are kept.

use std::sync::Arc;

use kernel::CampaignId;

use super::{
    EntryChange, EntryHead, EntryState, OfferId, OfferState, WaitlistCounts, WaitlistEntryId,
};
use crate::batch::Decision;
use crate::booking::{BookingId, TokenHash};
use crate::campaign::{Campaign, SlotKey};
use crate::event::What;
use crate::person::PersonKey;

/// Why a token manages no entry.
pub(super) enum NoSuchEntry {
    NotFound,
    TokenInvalid,
}

impl Campaign {
    /// Whether the campaign is for who waits under the rules of today: where they live and when they were
    /// born is judged again. What they have declared on joining was declared.
    pub(super) fn is_for(&self, entry: &EntryHead) -> bool {
        self.is_eligible(entry.ags) && self.eligibility.admits(entry.date_of_birth)
    }
}

impl Decision {
    /// The entry that this token manages.
    pub(super) fn managed_entry(
        &self,
        campaign: &CampaignId,
        entry: WaitlistEntryId,
        token: TokenHash,
    ) -> Result<&EntryHead, NoSuchEntry> {
        let head = self.state.entries.get(&entry).filter(|head| head.campaign == *campaign);
        let head = head.ok_or(NoSuchEntry::NotFound)?;
        if head.token_hash == token { Ok(head) } else { Err(NoSuchEntry::TokenInvalid) }
    }

    /// The entry under which one of these keys waits.
    pub(super) fn waits(
        &self,
        campaign: &CampaignId,
        keys: &[PersonKey],
    ) -> Option<WaitlistEntryId> {
        let is_meant = |head: &&EntryHead| {
            head.state.is_waiting() && keys.contains(&head.person_key) && head.campaign == *campaign
        };
        self.state.entries.values().find(is_meant).map(|head| head.id)
    }

    /// Whoever has a booking does not wait for another place: the entry of the person ends, and its
    /// seat comes back to the pass that paid for it.
    pub(crate) fn end_waiting(
        &mut self,
        campaign: &CampaignId,
        keys: &[PersonKey],
        booking: BookingId,
    ) {
        let at = self.now;
        if let Some(entry) = self.waits(campaign, keys) {
            self.end_and_tell(campaign, entry, EntryState::Booked { booking, at }, Some(booking));
        }
    }

    /// The person does not want to wait any more.
    pub(super) fn leave(&mut self, campaign: &CampaignId, entry: WaitlistEntryId) {
        let at = self.now;
        self.end_and_tell(campaign, entry, EntryState::Left { at }, None);
    }

    fn end_and_tell(
        &mut self,
        campaign: &CampaignId,
        entry: WaitlistEntryId,
        state: EntryState,
        booking: Option<BookingId>,
    ) {
        self.withdraw_offer_of(entry);
        let pass_id = self.state.entries.get(&entry).map(|head| head.pass_id);
        self.end_entry(entry, state);
        self.tell(campaign, What::WaitlistLeft { entry, booking });
        if let Some(pass_id) = pass_id {
            self.return_seat(pass_id);
        }
    }

    /// Ends an entry that has no open offer.
    pub(super) fn end_entry(&mut self, entry: WaitlistEntryId, state: EntryState) {
        let Some(head) = self.state.entries.get_mut(&entry) else { return };
        (head.state, head.person_key) = (state, PersonKey::ERASED);
        let campaign = head.campaign.clone();
        let counts = self.counts(&campaign);
        counts.waiting = counts.waiting.saturating_sub(1);
        self.write_entry(entry);
    }

    /// The entry has missed one more offer, and comes behind those who have missed fewer.
    pub(super) fn put_back(&mut self, entry: WaitlistEntryId) {
        if let Some(head) = self.state.entries.get_mut(&entry) {
            head.offers_missed = head.offers_missed.saturating_add(1);
            self.write_entry(entry);
        }
    }

    fn write_entry(&mut self, entry: WaitlistEntryId) {
        let Some(head) = self.state.entries.get(&entry) else { return };
        let (offers_missed, state) = (head.offers_missed, head.state);
        let change = EntryChange { entry, offers_missed, state };
        let mut inserted = self.touched.entries_inserted.iter_mut();
        match inserted.find(|inserted| inserted.id == entry) {
            Some(inserted) => *inserted = inserted.clone().changed(&change),
            None => drop(self.touched.entries_changed.insert(entry, change)),
        }
    }

    /// Ends an open offer; its entry goes on waiting.
    pub(super) fn end_offer(&mut self, id: OfferId, state: OfferState) {
        let Some(offer) = self.state.offers.get_mut(&id) else { return };
        debug_assert!(offer.state == OfferState::Open, "an offer ends once");
        offer.state = state;
        let campaign = offer.campaign.clone();
        let counts = self.counts(&campaign);
        counts.offered = counts.offered.saturating_sub(1);
        counts.waiting += 1;
        self.touched.offers.insert(id);
    }

    /// Takes an open offer back; the entry has not missed it.
    pub(super) fn withdraw(&mut self, id: OfferId) {
        let Some(offer) = self.state.offers.get(&id) else { return };
        let (campaign, entry, at) = (offer.campaign.clone(), offer.entry, self.now);
        self.end_offer(id, OfferState::Withdrawn { at });
        self.tell(&campaign, What::OfferWithdrawn { offer: id, entry });
    }

    fn withdraw_offer_of(&mut self, entry: WaitlistEntryId) {
        let mut offers = self.state.offers.values();
        let open = offers.find(|offer| offer.entry == entry && offer.state == OfferState::Open);
        if let Some(id) = open.map(|offer| offer.id) {
            self.withdraw(id);
        }
    }

    /// The numbers of a waitlist, to be changed.
    pub(super) fn counts(&mut self, campaign: &CampaignId) -> &mut WaitlistCounts {
        self.state.waitlists.entry(campaign.clone()).or_default()
    }

    /// Places have come back in a slot: as many of them are kept as there are people who wait for one (P5).
    pub(crate) fn keep_freed_places(&mut self, key: &SlotKey, places: u32) {
        let Some(campaign) = self.state.campaigns.get(&key.campaign).map(Arc::clone) else {
            return;
        };
        let Some(counts) = self.state.waitlists.get(&key.campaign) else { return };
        if campaign.waitlist_in_force(self.now).is_some() {
            let places = places.min(counts.unreserved()).min(self.places_free_in(&campaign, key));
            self.reserve(&campaign, key, places);
        }
    }

    /// Places of a slot that are neither taken nor reserved, as long as it takes people.
    pub(super) fn places_free_in(&self, campaign: &Campaign, key: &SlotKey) -> u32 {
        let counters = self.state.slots.get(key);
        let slot = campaign.slot(&key.slot).zip(counters);
        slot.map_or(0, |(slot, counters)| campaign.places_free(slot, counters.used(), self.now))
    }

    /// Keeps places of a slot that are free.
    pub(super) fn reserve(&mut self, campaign: &Campaign, key: &SlotKey, places: u32) {
        let (Some(counters), Some(slot)) =
            (self.state.slots.get_mut(key), campaign.slot(&key.slot))
        else {
            return;
        };
        if places > 0 {
            counters.reserved += places;
            counters.released = counters.released.max(campaign.released_at(slot, self.now));
            debug_assert!(counters.used() <= counters.released, "P1: taken + reserved ≤ released");
            self.counts(&key.campaign).reserved += places;
            self.touched.slots.insert(key.clone());
        }
    }

    /// Keeps no more than so many places of a slot; the others are everybody's.
    pub(super) fn keep_at_most(&mut self, key: &SlotKey, places: u32) {
        let Some(counters) = self.state.slots.get_mut(key) else { return };
        let surplus = counters.reserved.saturating_sub(places);
        if surplus > 0 {
            counters.reserved -= surplus;
            let counts = self.counts(&key.campaign);
            counts.reserved = counts.reserved.saturating_sub(surplus);
            self.touched.slots.insert(key.clone());
        }
    }
}
