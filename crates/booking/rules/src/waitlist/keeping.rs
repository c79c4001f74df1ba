//! How many places are kept for those who wait.

use std::collections::HashMap;

use crate::batch::Decision;
use crate::campaign::{Campaign, Slot, SlotId, SlotKey};

/// What those who wait want.
struct Wanted {
    /// Persons who may have a place.
    demand: u32,
    /// How many of them have declined a place of this slot.
    declined: HashMap<SlotId, u32>,
    /// Open offers of this slot.
    offered: HashMap<SlotId, u32>,
}

impl Wanted {
    /// Persons who would take a place of the slot.
    fn in_slot(&self, slot: &Slot) -> u32 {
        self.demand.saturating_sub(self.declined.get(&slot.id).copied().unwrap_or_default())
    }

    fn offered_in(&self, slot: &Slot) -> u32 {
        self.offered.get(&slot.id).copied().unwrap_or_default()
    }
}

impl Decision {
    /// Keeps as many places as there are people who may have one, in each slot no more than want one
    /// there, and gives the others to everybody. A place that is offered stays kept. Where the waitlist
    /// is not in force, no other is.
    pub(super) fn keep_what_is_wanted(&mut self, campaign: &Campaign, is_in_force: bool) {
        let mut slots: Vec<(&Slot, SlotKey)> = campaign
            .slots
            .iter()
            .map(|slot| (slot, SlotKey { campaign: campaign.id.clone(), slot: slot.id.clone() }))
            .collect();
        slots.sort_by_key(|(slot, _)| (slot.starts_at, &slot.id));
        let wanted = self.wanted(campaign);
        let wanted_in = |decision: &Self, slot: &Slot| {
            let is_called = is_in_force && campaign.takes_people(slot, decision.now);
            if is_called { wanted.in_slot(slot) } else { 0 }
        };
        for (slot, key) in &slots {
            self.keep_at_most(key, wanted_in(self, slot).max(wanted.offered_in(slot)));
        }
        let kept = self.counts(&campaign.id).reserved;
        let (mut lack, mut surplus) =
            (wanted.demand.saturating_sub(kept), kept.saturating_sub(wanted.demand));
        for (slot, key) in &slots {
            let more = wanted_in(self, slot).saturating_sub(self.kept_in(key));
            let more = more.min(lack).min(self.places_free_in(campaign, key));
            self.reserve(campaign, key, more);
            lack -= more;
        }
        for (slot, key) in slots.iter().rev() {
            let kept = self.kept_in(key);
            let given_up = kept.saturating_sub(wanted.offered_in(slot)).min(surplus);
            self.keep_at_most(key, kept - given_up);
            surplus -= given_up;
        }
    }

    fn kept_in(&self, key: &SlotKey) -> u32 {
        self.state.slots.get(key).map_or(0, |counters| counters.reserved)
    }

    /// What was not loaded of those who wait has declined nothing.
    fn wanted(&mut self, campaign: &Campaign) -> Wanted {
        let (may_have, may_not): (Vec<_>, Vec<_>) =
            self.waiting_in(campaign).partition(|entry| campaign.is_for(entry));
        let mut declined: HashMap<SlotId, u32> = HashMap::new();
        let ids: std::collections::HashSet<_> = may_have.iter().map(|entry| entry.id).collect();
        for (_, slot) in self.state.declined.iter().filter(|(entry, _)| ids.contains(entry)) {
            *declined.entry(slot.clone()).or_default() += 1;
        }
        let excluded = u32::try_from(may_not.len()).unwrap_or(u32::MAX);
        let offered = self.open_offers_by_slot(campaign);
        let demand = self.counts(&campaign.id).demand().saturating_sub(excluded);
        Wanted { demand, declined, offered }
    }
}
