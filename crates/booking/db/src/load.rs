//! Loading the state of a batch under the locks of its campaigns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use booking::{Campaign, Footprint, HoldId, PersonKey, SlotCounters, SlotKey, State};
use kernel::{CampaignId, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, Statement, Value,
};

use crate::convert::{self, StoredHead, bytes_32, number, parse, unreadable};
use crate::entity;
use crate::fault::Fault;
use crate::rows::{Cell, Rows, text};
use crate::statements::{BYTE_IDS, IDS, KEYS, PERSONS, SLOT_KEYS, Statements};

const LOAD: &str = "load a batch";

/// Which definition of a campaign is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub revision: i64,
    pub applied_at_ms: i64,
}

/// The campaigns read so far: parsing the definition would cost more than the batch.
#[derive(Debug, Default)]
pub(crate) struct CampaignCache(Mutex<HashMap<CampaignId, (Version, Arc<Campaign>)>>);

impl CampaignCache {
    fn get(&self, id: &CampaignId, version: Version) -> Option<Arc<Campaign>> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.get(id).filter(|(of, _)| *of == version).map(|(_, campaign)| Arc::clone(campaign))
    }

    /// The campaign of this version; reads it if need be. `None` if another version is in force by
    /// now, which cannot happen while the campaign is locked.
    pub async fn campaign(
        &self,
        database: &impl ConnectionTrait,
        id: &CampaignId,
        version: Version,
    ) -> Result<Option<Arc<Campaign>>, Fault> {
        if let Some(campaign) = self.get(id, version) {
            return Ok(Some(campaign));
        }
        let row = entity::campaign::Entity::find()
            .filter(entity::campaign::Column::Id.eq(id.as_str()))
            .filter(entity::campaign::Column::Revision.eq(version.revision))
            .filter(entity::campaign::Column::AppliedAtMs.eq(version.applied_at_ms))
            .one(database)
            .await
            .map_err(Fault::at("read a campaign"))?;
        let Some(row) = row else { return Ok(None) };
        let campaign = Arc::new(definition(&row.definition)?);
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.insert(id.clone(), (version, Arc::clone(&campaign)));
        Ok(Some(campaign))
    }
}

/// The campaign that a stored definition describes.
pub(crate) fn definition(json: &str) -> Result<Campaign, Fault> {
    serde_json::from_str(json).map_err(|_| unreadable("campaign definition"))
}

/// Reads what batches may read.
pub(crate) struct Loader<'a> {
    pub backend: DbBackend,
    pub statements: &'a Statements,
    pub cache: &'a CampaignCache,
}

#[derive(FromQueryResult)]
struct Locked {
    id: String,
    revision: i64,
    applied_at_ms: i64,
}

/// A row of `load.sql`, which says what is in which column.
#[derive(FromQueryResult)]
struct Found {
    kind: String,
    id: Option<Vec<u8>>,
    campaign: String,
    slot: Option<String>,
    pass_id: Option<Vec<u8>>,
    body: Option<String>,
    key_1: Option<Vec<u8>>,
    key_2: Option<Vec<u8>>,
    number_1: Option<i64>,
    number_2: Option<i64>,
    number_3: Option<i64>,
    number_4: Option<i64>,
    number_5: Option<i64>,
    number_6: Option<i64>,
}

impl Loader<'_> {
    /// Locks the campaigns of the footprint until the transaction ends, and loads the rest of it.
    pub async fn load(
        &self,
        transaction: &DatabaseTransaction,
        footprint: &Footprint,
        now: Timestamp,
    ) -> Result<State, Fault> {
        let mut state = State::default();
        for locked in self.lock(transaction, &footprint.campaigns).await? {
            let id: CampaignId = parse("campaign id", &locked.id)?;
            let version =
                Version { revision: locked.revision, applied_at_ms: locked.applied_at_ms };
            let campaign = self.cache.campaign(transaction, &id, version).await?;
            let campaign = campaign.ok_or_else(|| unreadable("campaign"))?;
            state.campaigns.insert(id, campaign);
        }
        let mut holds: Vec<Vec<u8>> =
            footprint.holds.iter().map(|id| id.as_bytes().to_vec()).collect();
        for (campaign, holds_max) in &footprint.sweeps {
            holds.extend(self.overdue_holds(transaction, campaign, now, *holds_max).await?);
        }
        let values = self.load_values(footprint, &holds, now);
        let load = Statement::from_sql_and_values(self.backend, &self.statements.load, values);
        let rows =
            Found::find_by_statement(load).all(transaction).await.map_err(Fault::at(LOAD))?;
        for row in rows {
            let bystander = row.bystander(footprint);
            match (row.add_to(&mut state), bystander) {
                (Err(Fault::Unexpected(reason)), Some(hold)) => {
                    tracing::error!(%hold, reason, "an overdue hold is left alone; its seats stay taken");
                }
                (added, _) => added?,
            }
        }
        Ok(state)
    }

    async fn lock(
        &self,
        transaction: &DatabaseTransaction,
        campaigns: &[CampaignId],
    ) -> Result<Vec<Locked>, Fault> {
        let mut values = Vec::new();
        let ids = campaigns.iter().map(|id| [text(id.as_str())]);
        Rows::collect(self.backend, IDS, ids).bind(&mut values);
        let lock =
            Statement::from_sql_and_values(self.backend, &self.statements.lock_campaigns, values);
        Locked::find_by_statement(lock)
            .all(transaction)
            .await
            .map_err(Fault::at("lock the campaigns"))
    }

    async fn overdue_holds(
        &self,
        transaction: &DatabaseTransaction,
        campaign: &CampaignId,
        now: Timestamp,
        holds_max: u32,
    ) -> Result<Vec<Vec<u8>>, Fault> {
        let values: [Value; 3] =
            [campaign.as_str().into(), now.unix_ms().into(), i64::from(holds_max).into()];
        let find =
            Statement::from_sql_and_values(self.backend, &self.statements.overdue_holds, values);
        let rows = transaction.query_all_raw(find).await.map_err(Fault::at(LOAD))?;
        rows.iter().map(|row| row.try_get("", "id").map_err(Fault::at(LOAD))).collect()
    }

    fn load_values(&self, footprint: &Footprint, holds: &[Vec<u8>], now: Timestamp) -> Vec<Value> {
        let campaigns = footprint.campaigns.iter().map(|id| [text(id.as_str())]);
        let slots = footprint
            .slots
            .iter()
            .map(|key| [text(key.campaign.as_str()), text(key.slot.as_str())]);
        let holds = holds.iter().map(|id| [Cell::Bytes(id)]);
        let passes = footprint.passes.iter().map(|id| [Cell::Bytes(id.as_bytes())]);
        let bookings = footprint.bookings.iter().map(|id| [Cell::Bytes(id.as_bytes())]);
        let persons = footprint
            .person_keys
            .iter()
            .map(|(campaign, key)| [text(campaign.as_str()), Cell::Bytes(&key.0)]);
        let keys = footprint.idempotency_keys.iter().map(|key| [Cell::Bytes(key)]);
        let mut values = Vec::new();
        for rows in [
            Rows::collect(self.backend, IDS, campaigns),
            Rows::collect(self.backend, SLOT_KEYS, slots),
            Rows::collect(self.backend, BYTE_IDS, holds),
            Rows::collect(self.backend, BYTE_IDS, passes),
            Rows::collect(self.backend, BYTE_IDS, bookings),
            Rows::collect(self.backend, PERSONS, persons),
            Rows::collect(self.backend, KEYS, keys),
        ] {
            rows.bind(&mut values);
        }
        values.push(now.unix_ms().into());
        values
    }
}

/// A column that rows of this kind always fill.
fn filled<T>(what: &str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or_else(|| unreadable(what))
}

impl Found {
    /// The hold that this row is, if it was loaded for being overdue only. Where it cannot be read it
    /// must not keep a whole slot from being booked (P20).
    fn bystander(&self, footprint: &Footprint) -> Option<HoldId> {
        let id = self.id.as_deref().filter(|_| self.kind == "hold")?;
        let id = HoldId::from_bytes(id.try_into().ok()?);
        (!footprint.holds.contains(&id)).then_some(id)
    }

    fn add_to(self, state: &mut State) -> Result<(), Fault> {
        match self.kind.as_str() {
            "hold" => {
                let hold = convert::hold(&self.into_hold()?)?;
                state.holds.insert(hold.id, hold);
            }
            "booking" => {
                let head = convert::booking_head(self.into_head()?)?;
                state.bookings.insert(head.id, head);
            }
            "slot" => {
                let slot = parse("slot id", &filled("slot", self.slot)?)?;
                let counters = SlotCounters {
                    taken: number("taken", filled("taken", self.number_1)?)?,
                    released: number("released", filled("released", self.number_2)?)?,
                };
                let campaign = parse("campaign id", &self.campaign)?;
                state.slots.insert(SlotKey { campaign, slot }, counters);
            }
            "pass_use" => {
                let pass_use = convert::pass_use(&self.into_pass_use()?)?;
                state.passes.insert(pass_use.pass_id, pass_use);
            }
            "person" => {
                let key = PersonKey(bytes_32("person key", filled("person key", self.key_1)?)?);
                state.active_persons.insert((parse("campaign id", &self.campaign)?, key));
            }
            "record" => {
                let record = convert::record(self.into_record()?)?;
                state.records.insert(record.key, record);
            }
            _ => return Err(unreadable("kind of row")),
        }
        Ok(())
    }

    fn into_hold(self) -> Result<entity::hold::Model, Fault> {
        Ok(entity::hold::Model {
            id: filled("hold id", self.id)?,
            campaign: self.campaign,
            slot: filled("slot", self.slot)?,
            pass_id: filled("pass id", self.pass_id)?,
            ags: number("ags", filled("ags", self.number_3)?)?,
            seats: number("seats", filled("seats", self.number_4)?)?,
            seats_booked: number("seats_booked", filled("seats_booked", self.number_5)?)?,
            renewals: number("renewals", filled("renewals", self.number_6)?)?,
            held_at_ms: filled("held_at_ms", self.number_1)?,
            expires_at_ms: filled("expires_at_ms", self.number_2)?,
            state: filled("hold state", self.body)?,
        })
    }

    fn into_head(self) -> Result<StoredHead, Fault> {
        Ok(StoredHead {
            id: filled("booking id", self.id)?,
            campaign: self.campaign,
            slot: filled("slot", self.slot)?,
            person_key: filled("person key", self.key_1)?,
            manage_token_hash: filled("token hash", self.key_2)?,
            status: filled("booking status", self.body)?,
            cancelled_at_ms: self.number_1,
        })
    }

    fn into_pass_use(self) -> Result<entity::pass_use::Model, Fault> {
        Ok(entity::pass_use::Model {
            pass_id: filled("pass id", self.pass_id)?,
            campaign: self.campaign,
            seats_held: number("seats_held", filled("seats_held", self.number_2)?)?,
            seats_booked: number("seats_booked", filled("seats_booked", self.number_3)?)?,
            expires_at_ms: filled("expires_at_ms", self.number_1)?,
            ended_at_ms: self.number_4,
        })
    }

    fn into_record(self) -> Result<entity::idempotency::Model, Fault> {
        Ok(entity::idempotency::Model {
            key: filled("idempotency key", self.key_1)?,
            fingerprint: filled("fingerprint", self.key_2)?,
            campaign: self.campaign,
            recorded_at_ms: filled("recorded_at_ms", self.number_1)?,
            effect: filled("effect", self.body)?,
        })
    }
}
