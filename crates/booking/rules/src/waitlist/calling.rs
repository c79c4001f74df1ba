//! Who is offered which place.
//!
//! Each place that is kept or free is offered to one person, those of the lowest rank first and the
//! slots that start earliest first; a free place becomes a kept one with that. Only then may more
//! people be offered the places of a slot than there are, so that nobody competes for one place while
//! another is left.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::{EntryHead, Offer, OfferId, OfferState, Waitlist, WaitlistCounts, WaitlistEntryId};
use crate::batch::Decision;
use crate::campaign::{Campaign, Slot, SlotId, SlotKey};
use crate::event::What;
use crate::waitlist::{CallUp, CalledUp};

/// A call-up being made.
pub(super) struct Calling<'a> {
    decision: &'a mut Decision,
    campaign: &'a Campaign,
    waitlist: Waitlist,
    ids: std::slice::Iter<'a, OfferId>,
    ids_max: usize,
    /// How many open offers each slot has.
    open: HashMap<SlotId, u32>,
    /// Whether a place is left that nobody who is known wants and may have.
    has_place_left: bool,
}

impl<'a> Calling<'a> {
    pub(super) fn new(
        decision: &'a mut Decision,
        campaign: &'a Campaign,
        waitlist: Waitlist,
        ids: &'a [OfferId],
    ) -> Self {
        let open = decision.open_offers_by_slot(campaign);
        let offered = decision.counts(&campaign.id).offered;
        let room = CallUp::OFFERS_OPEN_MAX.saturating_sub(offered);
        let room = ids.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let ids = ids[..room].iter();
        Self { decision, campaign, waitlist, ids, ids_max: room, open, has_place_left: false }
    }

    /// Offers made so far.
    pub(super) fn offered(&self) -> u32 {
        u32::try_from(self.ids_max - self.ids.len()).unwrap_or(u32::MAX)
    }

    /// Whether one more offer could be made, and nobody who is known wants and may have it.
    pub(super) fn leaves_a_place(&self) -> bool {
        self.has_place_left && self.ids.len() > 0
    }

    /// Whether that one could be made to somebody who waits and was not loaded.
    pub(super) fn lacks_people(&self) -> bool {
        let known = self.decision.waiting_in(self.campaign).count();
        let waitlists = &self.decision.state.waitlists;
        let demand = waitlists.get(&self.campaign.id).map_or(0, WaitlistCounts::demand);
        self.leaves_a_place() && usize::try_from(demand).is_ok_and(|all| known < all)
    }

    /// Offers every slot that takes people.
    pub(super) fn call_all(&mut self) {
        let ttl = self.waitlist.offer_ttl();
        let mut slots: Vec<&Slot> = self.campaign.slots.iter().collect();
        slots.sort_by_key(|slot| (slot.starts_at, &slot.id));
        self.call(&slots, ttl);
    }

    /// Offers this slot, for so long.
    pub(super) fn call_for(&mut self, slot: &'a Slot, ttl: Duration) {
        self.call(&[slot], ttl);
    }

    fn call(&mut self, slots: &[&Slot], ttl: Duration) {
        let now = self.decision.now;
        let can_be_offered = |slot: &&&Slot| self.campaign.offer_end(slot, ttl, now).is_some();
        let slots: Vec<&Slot> = slots.iter().filter(can_be_offered).copied().collect();
        let mut candidates = self.decision.candidates(self.campaign);
        let with_a_place: [fn(&Self, &Slot) -> bool; 2] = [Self::has_spare, Self::has_over_offer];
        for has_a_place in with_a_place {
            let mut left: Vec<&Slot> = slots.clone();
            left.retain(|slot| has_a_place(self, slot));
            candidates.retain(|entry| {
                let is_wanted = |slot: &&Slot| !self.decision.has_declined(*entry, &slot.id);
                let Some(place) = left.iter().position(is_wanted) else { return true };
                let is_offered = self.offer(left[place], *entry, ttl);
                if !has_a_place(self, left[place]) {
                    left.remove(place);
                }
                !is_offered
            });
        }
        self.has_place_left =
            slots.iter().any(|slot| self.has_spare(slot) || self.has_over_offer(slot));
    }

    fn key(&self, slot: &Slot) -> SlotKey {
        SlotKey { campaign: self.campaign.id.clone(), slot: slot.id.clone() }
    }

    fn kept_and_open(&self, slot: &Slot) -> (u32, u32) {
        let counters = self.decision.state.slots.get(&self.key(slot)).copied().unwrap_or_default();
        (counters.reserved, self.open.get(&slot.id).copied().unwrap_or_default())
    }

    /// Whether a place of the slot is offered to nobody.
    fn has_spare(&self, slot: &Slot) -> bool {
        let (kept, open) = self.kept_and_open(slot);
        open < kept || self.decision.places_free_in(self.campaign, &self.key(slot)) > 0
    }

    /// Whether more people may be offered the places of the slot.
    fn has_over_offer(&self, slot: &Slot) -> bool {
        let (kept, open) = self.kept_and_open(slot);
        open < self.waitlist.offers_max(kept)
    }

    /// Offers a place of the slot, for which one is kept if there is one. Whether there was an id for it.
    fn offer(&mut self, slot: &Slot, entry: WaitlistEntryId, ttl: Duration) -> bool {
        let now = self.decision.now;
        let end = self.campaign.offer_end(slot, ttl, now);
        let (Some(expires_at), Some(id)) = (end, self.ids.next()) else { return false };
        let (kept, open) = self.kept_and_open(slot);
        let key = self.key(slot);
        if open >= kept && self.decision.places_free_in(self.campaign, &key) > 0 {
            self.decision.reserve(self.campaign, &key, 1);
        }
        *self.open.entry(slot.id.clone()).or_default() += 1;
        let (campaign, slot) = (key.campaign, key.slot);
        let counts = self.decision.counts(&campaign);
        counts.offered += 1;
        counts.waiting = counts.waiting.saturating_sub(1);
        let made = What::OfferMade { offer: *id, entry, slot: slot.clone(), expires_at };
        self.decision.tell(&campaign, made);
        let state = OfferState::Open;
        let offer = Offer { id: *id, campaign, entry, slot, made_at: now, expires_at, state };
        self.decision.touched.offers.insert(*id);
        self.decision.state.offers.insert(*id, offer);
        true
    }
}

impl Decision {
    /// Ends the offers that are overdue, and takes back those that are for a place that is gone, or that
    /// their entry may not have any more.
    pub(super) fn settle_offers(&mut self, campaign: &Campaign, called: &mut CalledUp) {
        let open = self
            .state
            .offers
            .values()
            .filter(|offer| offer.campaign == campaign.id && offer.state == OfferState::Open);
        let mut open: Vec<Offer> = open.cloned().collect();
        open.sort_unstable_by_key(|offer| (offer.expires_at, offer.id));
        for offer in open {
            if offer.is_overdue(self.now) {
                let (id, entry, at) = (offer.id, offer.entry, self.now);
                self.end_offer(id, OfferState::Expired { at });
                self.put_back(entry);
                self.tell(&campaign.id, What::OfferExpired { offer: id, entry });
                called.expired += 1;
            } else if !self.is_good(campaign, &offer) {
                self.withdraw(offer.id);
                called.withdrawn += 1;
            }
        }
    }

    fn is_good(&self, campaign: &Campaign, offer: &Offer) -> bool {
        let key = SlotKey { campaign: campaign.id.clone(), slot: offer.slot.clone() };
        let takes_people =
            campaign.slot(&offer.slot).is_some_and(|slot| campaign.takes_people(slot, self.now));
        let counters = self.state.slots.get(&key).copied().unwrap_or_default();
        let has_place = counters.reserved > 0 || self.places_free_in(campaign, &key) > 0;
        let entry = self.state.entries.get(&offer.entry);
        let may_have_it = entry.is_some_and(|entry| campaign.is_for(entry));
        takes_people && has_place && may_have_it && !campaign.is_closed(self.now)
    }

    pub(super) fn open_offers_by_slot(&self, campaign: &Campaign) -> HashMap<SlotId, u32> {
        let mut open = HashMap::new();
        let offers = self.state.offers.values();
        for offer in offers.filter(|offer| offer.state == OfferState::Open) {
            if offer.campaign == campaign.id {
                *open.entry(offer.slot.clone()).or_default() += 1;
            }
        }
        open
    }

    /// Who of those loaded can be made an offer, the lowest rank first.
    fn candidates(&self, campaign: &Campaign) -> Vec<WaitlistEntryId> {
        let open = self.state.offers.values().filter(|offer| offer.state == OfferState::Open);
        let offered: HashSet<WaitlistEntryId> = open.map(|offer| offer.entry).collect();
        let entries = self.waiting_in(campaign);
        let mut candidates: Vec<&EntryHead> = entries
            .filter(|entry| !offered.contains(&entry.id) && campaign.is_for(entry))
            .collect();
        candidates.sort_unstable_by_key(|entry| entry.rank());
        candidates.into_iter().map(|entry| entry.id).collect()
    }

    pub(super) fn waiting_in<'a>(
        &'a self,
        campaign: &'a Campaign,
    ) -> impl Iterator<Item = &'a EntryHead> {
        let entries = self.state.entries.values();
        entries.filter(|entry| entry.state.is_waiting() && entry.campaign == campaign.id)
    }

    fn has_declined(&self, entry: WaitlistEntryId, slot: &SlotId) -> bool {
        self.state.declined.contains(&(entry, slot.clone()))
    }
}
