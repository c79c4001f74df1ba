//! The vault: what is stored of a person is sealed.
//!
//! Envelope encryption ([0036](https://github.com/einlass/einlass/blob/main/docs/adr/0036-personal-data-sealed.md)):
//! each campaign has a data key of its own, which seals the column `person`. The data key stands in the table
//! `campaign_key`, wrapped by a master key, and the master keys stand in no database. So a copy of the database alone
//! tells nothing of anybody, and a campaign whose data key is dropped is forgotten wherever its rows still are.
//!
//! - `master.rs`: the master keys, which wrap and unwrap.
//! - `seal.rs`: a data key, what it seals and opens, and the place to which that is bound.
//! - `keys.rs`: the data keys of a batch, and of the reads.
//! - `upkeep.rs`: whether all data keys can be unwrapped, and wrapping them anew.

mod keys;
mod master;
mod seal;
#[cfg(test)]
pub(crate) mod tests;
mod upkeep;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use booking::Person;
use kernel::CampaignId;
use sea_orm::{ActiveValue, ConnectionTrait, EntityTrait, TryInsertResult};

use crate::convert::{person_from_json, person_to_json, unreadable};
use crate::fault::Fault;
use crate::tables::{campaign_key, campaign_purge};

pub(crate) use keys::CampaignKeys;
pub use master::{MasterKey, MasterKeys, RepeatedId};
pub(crate) use seal::{CampaignKey, Place, is_plain};

/// A data key as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Wrapped {
    pub version: u8,
    pub master: u8,
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wrapped(version {}, master key {})", self.version, self.master)
    }
}

/// The version of the data keys that are made. A key is kept for as long as its campaign, so there is no second yet.
const VERSION: u8 = 1;

/// A data key with the bytes it was unwrapped from: what stands in the database says whether it is still the one.
type Unwrapped = (Vec<u8>, Arc<CampaignKey>);

/// The master keys, and the data keys that were unwrapped so far.
pub(crate) struct Vault {
    masters: Option<MasterKeys>,
    unwrapped: Mutex<HashMap<CampaignId, Unwrapped>>,
}

impl Vault {
    /// Without master keys persons can neither be read nor written; all else can.
    pub fn new(masters: Option<MasterKeys>) -> Self {
        Self { masters, unwrapped: Mutex::default() }
    }

    fn masters(&self) -> Result<&MasterKeys, Fault> {
        let why = "persons cannot be read or written without the keys of the booking api";
        self.masters.as_ref().ok_or_else(|| Fault::Unexpected(why.to_owned()))
    }

    /// Forgets the data key of a campaign that is purged or gone.
    pub fn forget(&self, campaign: &CampaignId) {
        self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner).remove(campaign);
    }

    fn remembered(&self, campaign: &CampaignId) -> Option<Unwrapped> {
        self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner).get(campaign).cloned()
    }

    /// The data key that is stored like this.
    pub fn unwrap(
        &self,
        campaign: &CampaignId,
        wrapped: &Wrapped,
    ) -> Result<Arc<CampaignKey>, Fault> {
        if let Some((_, key)) =
            self.remembered(campaign).filter(|(bytes, _)| *bytes == wrapped.bytes)
        {
            return Ok(key);
        }
        let key = self.masters()?.unwrap(campaign, wrapped);
        let key = Arc::new(key.map_err(|why| Fault::Unexpected(why.of(campaign)))?);
        let mut unwrapped = self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner);
        unwrapped.insert(campaign.clone(), (wrapped.bytes.clone(), Arc::clone(&key)));
        Ok(key)
    }

    /// Makes the data key of a campaign that has none, or finds that another instance has just made it. Whether it
    /// stays is up to the transaction.
    async fn make(
        &self,
        database: &impl ConnectionTrait,
        campaign: &CampaignId,
        now_ms: i64,
    ) -> Result<Arc<CampaignKey>, Fault> {
        let make = "make the key of a campaign";
        if is_being_purged(database, campaign).await? {
            let why = format!("the personal data of {campaign} are being purged");
            return Err(Fault::Unexpected(why));
        }
        let wrapped = self.masters()?.wrap_new(campaign, VERSION);
        let row = campaign_key::ActiveModel {
            campaign: ActiveValue::Set(campaign.to_string()),
            version: ActiveValue::Set(wrapped.version.into()),
            master_key_id: ActiveValue::Set(wrapped.master.into()),
            wrapped_key: ActiveValue::Set(wrapped.bytes.clone()),
            made_at_ms: ActiveValue::Set(now_ms),
        };
        let inserted = campaign_key::Entity::insert(row)
            .on_conflict_do_nothing_on([campaign_key::Column::Campaign])
            .exec_without_returning(database)
            .await
            .map_err(Fault::at(make))?;
        if matches!(inserted, TryInsertResult::Inserted(1)) {
            return self.unwrap(campaign, &wrapped);
        }
        let stored = campaign_key::of(database, campaign).await?;
        self.unwrap(campaign, &stored.ok_or_else(|| unreadable("key of a campaign"))?)
    }

    /// Who a row says it is of; `None` if that was erased, or cannot be known any more because the data key was dropped.
    pub async fn open_person(
        &self,
        database: &impl ConnectionTrait,
        place: &Place<'_>,
        stored: &str,
    ) -> Result<Option<Person>, Fault> {
        if !seal::is_sealed(stored) {
            return person_from_json(stored);
        }
        if let Some((_, key)) = self.remembered(place.campaign)
            && let Some(person) = key.open(place, stored)
        {
            return person_from_json(&person);
        }
        let Some(wrapped) = campaign_key::of(database, place.campaign).await? else {
            return if is_being_purged(database, place.campaign).await? {
                Ok(None)
            } else {
                Err(unreadable("person"))
            };
        };
        let key = self.unwrap(place.campaign, &wrapped)?;
        person_from_json(&key.open(place, stored).ok_or_else(|| unreadable("person"))?)
    }
}

/// What is stored of a person.
pub(crate) fn seal_person(key: &CampaignKey, place: &Place<'_>, person: &Person) -> String {
    key.seal(place, &person_to_json(Some(person)))
}

async fn is_being_purged(
    database: &impl ConnectionTrait,
    campaign: &CampaignId,
) -> Result<bool, Fault> {
    let row = campaign_purge::Entity::find_by_id(campaign.to_string()).one(database).await;
    let row = row.map_err(Fault::at("read whether a campaign is being purged"))?;
    Ok(row.is_some_and(|row| row.ended_at_ms.is_none()))
}
