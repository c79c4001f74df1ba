//! The data keys that a batch works with.

use std::collections::BTreeSet;
use std::sync::Arc;

use booking::{Changes, Person};
use kernel::{CampaignId, Timestamp};
use sea_orm::ConnectionTrait;

use super::{CampaignKey, Place, Vault, Wrapped, seal_person};
use crate::fault::Fault;

/// The data keys of some campaigns; a batch is mostly of one.
#[derive(Debug, Default)]
pub(crate) struct CampaignKeys(Vec<(CampaignId, Arc<CampaignKey>)>);

impl CampaignKeys {
    /// The data key of one campaign.
    pub fn of_one(campaign: &CampaignId, key: Arc<CampaignKey>) -> Self {
        Self(vec![(campaign.clone(), key)])
    }

    pub fn get(&self, campaign: &CampaignId) -> Option<&Arc<CampaignKey>> {
        self.0.iter().find(|(of, _)| of == campaign).map(|(_, key)| key)
    }

    pub fn add(&mut self, campaign: &CampaignId, key: Arc<CampaignKey>) {
        self.0.push((campaign.clone(), key));
    }

    /// What is stored at this place of a person; `null` once erased.
    pub fn seal(&self, place: &Place<'_>, person: Option<&Person>) -> Result<String, Fault> {
        let Some(person) = person else { return Ok("null".to_owned()) };
        let key = self.get(place.campaign).ok_or_else(|| {
            let campaign = place.campaign;
            Fault::Unexpected(format!("a person of {campaign} without a key to seal it"))
        })?;
        Ok(seal_person(key, place, person))
    }
}

/// The campaigns for whose persons a batch needs a data key.
fn campaigns_of_persons(changes: &Changes) -> BTreeSet<&CampaignId> {
    let inserted = changes.bookings_inserted.iter();
    let inserted = inserted.filter(|booking| booking.registration.person.is_some());
    let waiting = changes.entries_inserted.iter().filter(|entry| entry.person.is_some());
    let corrected = changes.bookings_changed.iter().filter(|change| change.person.is_some());
    let booked = inserted.map(|new| &new.campaign);
    booked.chain(waiting.map(|new| &new.campaign)).chain(corrected.map(|of| &of.campaign)).collect()
}

impl Vault {
    /// The data keys for what a batch has changed, given what the locked campaigns have; one that has none gets it.
    /// Others come along if they are at hand. Only a key that is needed and cannot be had is a fault.
    pub async fn for_changes(
        &self,
        transaction: &impl ConnectionTrait,
        changes: &Changes,
        stored: impl Iterator<Item = (&CampaignId, Option<&Wrapped>)>,
        now: Timestamp,
    ) -> Result<CampaignKeys, Fault> {
        let needed = campaigns_of_persons(changes);
        let mut keys = CampaignKeys::default();
        for (campaign, wrapped) in stored {
            let is_needed = needed.contains(campaign);
            let key = match wrapped {
                Some(wrapped) => self.unwrap(campaign, wrapped),
                None if is_needed => self.make(transaction, campaign, now.unix_ms()).await,
                None => continue,
            };
            match key {
                Ok(key) => keys.add(campaign, key),
                Err(fault) if is_needed => return Err(fault),
                Err(_) => {}
            }
        }
        Ok(keys)
    }

    /// The data key of a locked campaign, made if need be.
    pub async fn of_campaign(
        &self,
        transaction: &impl ConnectionTrait,
        campaign: &CampaignId,
        wrapped: Option<&Wrapped>,
        now: Timestamp,
    ) -> Result<Arc<CampaignKey>, Fault> {
        match wrapped {
            Some(wrapped) => self.unwrap(campaign, wrapped),
            None => self.make(transaction, campaign, now.unix_ms()).await,
        }
    }
}
