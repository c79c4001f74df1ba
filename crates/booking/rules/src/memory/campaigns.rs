//! Campaigns of the model: putting into force, history, removal.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{CampaignId, Timestamp};

use super::Tables;
use crate::booking::BookingStatus;
use crate::campaign::SlotKey;
use crate::campaign::apply::{
    Applied, ApplyCampaign, InForce, Intent, Judgement, SlotInForce, Standing, judge,
};
use crate::campaign::purge::{PurgeCampaign, PurgeStep};
use crate::campaign::remove::{RemoveCampaign, Removed};
use crate::campaign::revision::Revision;
use crate::store::StoreError;

impl Tables {
    pub(super) fn change_campaign(
        &mut self,
        request: &ApplyCampaign,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        let campaign = request.plan.campaign();
        let standing = self.standing(&campaign.id);
        let (revision, applied) = match judge(request, &standing, now) {
            Judgement::Leave(applied) => return Ok(applied),
            Judgement::Write(revision, applied) => (revision, applied),
        };
        for slot in revision.removed {
            self.slots.remove(&SlotKey { campaign: campaign.id.clone(), slot });
        }
        for (slot, counters) in revision.counters {
            self.slots.insert(SlotKey { campaign: campaign.id.clone(), slot }, counters);
        }
        self.campaigns.insert(campaign.id.clone(), Arc::new(campaign.clone()));
        self.revisions.entry(campaign.id.clone()).or_default().push(Revision {
            number: revision.number,
            actor: request.actor,
            applied_at: now,
            reason: request.reason.clone(),
            definition: serde_json::to_string(campaign).ok(),
        });
        let told = request.told(revision.number, self.chain_end(&campaign.id), now);
        self.add_link(told)?;
        Ok(applied)
    }

    pub(super) fn remove_campaign(
        &mut self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, StoreError> {
        let id = &request.campaign;
        if !self.campaigns.contains_key(id) {
            return Ok(Removed::NotFound);
        }
        let is_active = |status| matches!(status, BookingStatus::Confirmed);
        let active = self.bookings.values();
        let active =
            active.filter(|booking| booking.campaign == *id && is_active(booking.status)).count();
        let removed = request.judge(self.last_revision(id), active as u64);
        let (Removed::Removed { revision, bookings }, Intent::Apply) = (removed, request.intent)
        else {
            return Ok(removed);
        };
        self.campaigns.remove(id);
        self.slots.retain(|key, _| key.campaign != *id);
        self.forget_persons(id);
        self.revisions.entry(id.clone()).or_default().push(Revision {
            number: revision,
            actor: request.actor,
            applied_at: now,
            reason: request.reason.clone(),
            definition: None,
        });
        let told = request.told(revision, bookings, self.chain_end(id), now);
        self.add_link(told)?;
        Ok(removed)
    }

    /// In one step: nothing here is ever sealed, and nobody waits.
    pub(super) fn purge_campaign(
        &mut self,
        request: &PurgeCampaign,
        now: Timestamp,
    ) -> Result<PurgeStep, StoreError> {
        let id = &request.campaign;
        let Some(campaign) = self.campaigns.get(id) else { return Ok(PurgeStep::NotFound) };
        let revision = self.last_revision(id);
        if self.purged.get(id) == Some(&revision) {
            return Ok(PurgeStep::Purged);
        }
        if let Some(not_due) = request.judge(campaign, now) {
            return Ok(not_due);
        }
        self.forget_persons(id);
        self.purged.insert(id.clone(), revision);
        let told = request.told(self.chain_end(id), now);
        self.add_link(told)?;
        Ok(PurgeStep::Purged)
    }

    /// Everything that is of a person, or of a pass.
    fn forget_persons(&mut self, id: &CampaignId) {
        self.holds.retain(|_, hold| hold.campaign != *id);
        self.passes.retain(|_, pass| pass.campaign != *id);
        self.bookings.retain(|_, booking| booking.campaign != *id);
        self.active_persons.retain(|(campaign, _)| campaign != id);
        self.records.retain(|_, record| record.campaign != *id);
        self.remove_waitlist(id);
        self.remove_mails(id);
    }

    fn last_revision(&self, id: &CampaignId) -> u64 {
        self.revisions.get(id).and_then(|known| known.last()).map_or(0, |last| last.number)
    }

    fn standing(&self, id: &CampaignId) -> Standing {
        let revision = self.last_revision(id);
        let Some(campaign) = self.campaigns.get(id) else {
            return match revision {
                0 => Standing::Missing,
                revision => Standing::Removed { revision },
            };
        };
        let mut slots: BTreeMap<_, _> = self
            .slots
            .iter()
            .filter(|(key, _)| key.campaign == *id)
            .map(|(key, counters)| (key.slot.clone(), SlotInForce { counters: *counters, held: 0 }))
            .collect();
        let holds = self.holds.values().filter(|hold| hold.campaign == *id);
        for hold in holds.clone() {
            if let Some(slot) = slots.get_mut(&hold.slot) {
                slot.held += u32::from(hold.seats_open());
            }
        }
        let bookings = self.bookings.values().filter(|booking| booking.campaign == *id);
        let remembered = holds.map(|hold| hold.slot.clone());
        let offers = self.offers.values().filter(|offer| offer.campaign == *id);
        let remembered = remembered.chain(bookings.map(|booking| booking.slot.clone()));
        let remembered = remembered.chain(offers.map(|offer| offer.slot.clone())).collect();
        let waiting = self.waitlist_counts(id).demand();
        let campaign = Arc::clone(campaign);
        Standing::InForce(InForce { revision, campaign, slots, waiting, remembered })
    }
}
