//! Loading the state of a batch under the locks of its campaigns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::booking::{Campaign, Footprint, IdempotencyRecord, SlotId, State};
use kernel::{CampaignId, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, QueryResult, Statement, Value,
};

use super::bystanders::Bystanders;
use super::{Head, Known};
use crate::convert::{parse, unreadable};
use crate::dialect::{Cell, Column, Kind, Rows, text};
use crate::fault::Fault;
use crate::statements::{BYTE_IDS, CARS, IDS, KEYS, PERSON_KEYS, SLOT_KEYS, Statements};
use crate::tables::{
    self, booking, campaign_key, event, hold, idempotency, offer, pass_use, slot, waitlist_entry,
};
use crate::vault::{Vault, Wrapped};

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
        let row = tables::campaign::Entity::find()
            .filter(tables::campaign::Column::Id.eq(id.as_str()))
            .filter(tables::campaign::Column::Revision.eq(version.revision))
            .filter(tables::campaign::Column::AppliedAtMs.eq(version.applied_at_ms))
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
    pub vault: &'a Vault,
}

#[derive(FromQueryResult)]
pub(crate) struct Locked {
    id: String,
    revision: i64,
    applied_at_ms: i64,
    sequence: i64,
    event_number: i64,
    event_hash: Option<Vec<u8>>,
    key_version: Option<i32>,
    master_key_id: Option<i32>,
    wrapped_key: Option<Vec<u8>>,
}

impl Locked {
    pub fn campaign(&self) -> Result<CampaignId, Fault> {
        parse("campaign id", &self.id)
    }

    /// The data key of the campaign, if it has one.
    pub fn wrapped(&mut self) -> Result<Option<Wrapped>, Fault> {
        let stored = (self.key_version, self.master_key_id, self.wrapped_key.take());
        let (Some(version), Some(master), Some(bytes)) = stored else { return Ok(None) };
        campaign_key::of_columns(version, master, bytes).map(Some)
    }
}

impl Loader<'_> {
    /// Locks the campaigns of the footprint until the transaction ends, and loads the rest of it. Also says
    /// which rows there are already.
    pub async fn load(
        &self,
        transaction: &DatabaseTransaction,
        footprint: &Footprint,
        now: Timestamp,
    ) -> Result<(State, Known), Fault> {
        let (mut state, mut known) = (State::default(), Known::default());
        for mut locked in self.lock(transaction, &footprint.campaigns).await? {
            let (id, wrapped) = (locked.campaign()?, locked.wrapped()?);
            let version =
                Version { revision: locked.revision, applied_at_ms: locked.applied_at_ms };
            let campaign = self.cache.campaign(transaction, &id, version).await?;
            let campaign = campaign.ok_or_else(|| unreadable("campaign"))?;
            let end = event::chain_end(locked.event_number, locked.event_hash)?;
            let (revision, sequence) = (locked.revision, locked.sequence);
            known.heads.push(Head { campaign: id.clone(), revision, sequence, end, wrapped });
            state.chains.insert(id.clone(), end);
            state.campaigns.insert(id, campaign);
        }
        let mut holds: Vec<Vec<u8>> =
            footprint.holds.iter().map(|id| id.as_bytes().to_vec()).collect();
        for (campaign, holds_max) in &footprint.sweeps {
            holds.extend(self.overdue_holds(transaction, campaign, now, *holds_max).await?);
        }
        let mut entries: Vec<Vec<u8>> =
            footprint.entries.iter().map(|id| id.as_bytes().to_vec()).collect();
        for (campaign, entries_max) in &footprint.call_ups {
            entries.extend(self.called(transaction, campaign, *entries_max).await?);
        }
        let waitlists = state.campaigns.values().filter(|campaign| campaign.waitlist.is_some());
        let waitlists = waitlists.map(|campaign| campaign.id.clone()).collect();
        let found = Found { holds, entries, waitlists };
        let values = self.load_values(footprint, &found, now);
        let load = Statement::from_sql_and_values(self.backend, &self.statements.load, values);
        let mut bystanders = Bystanders::of(footprint);
        for row in transaction.query_all_raw(load).await.map_err(Fault::at(LOAD))? {
            if let Err(fault) = add(&row, &mut state, &mut known) {
                bystanders.leave(&row, fault)?;
            }
        }
        bystanders.forget(&mut state);
        self.add_births(transaction, footprint, &known.heads, &mut state).await?;
        Ok((state, known))
    }

    pub async fn lock(
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
        ids(transaction, find).await
    }

    /// The entries that a call-up looks at.
    async fn called(
        &self,
        transaction: &DatabaseTransaction,
        campaign: &CampaignId,
        entries_max: u32,
    ) -> Result<Vec<Vec<u8>>, Fault> {
        let values: [Value; 2] = [campaign.as_str().into(), i64::from(entries_max).into()];
        let find =
            Statement::from_sql_and_values(self.backend, &self.statements.waitlist.call_up, values);
        ids(transaction, find).await
    }

    fn load_values(&self, footprint: &Footprint, found: &Found, now: Timestamp) -> Vec<Value> {
        let campaigns = footprint.campaigns.iter().map(|id| [text(id.as_str())]);
        let slots = footprint
            .slots
            .iter()
            .map(|key| [text(key.campaign.as_str()), text(key.slot.as_str())]);
        let holds = found.holds.iter().map(|id| [Cell::Bytes(id)]);
        let passes = footprint.passes.iter().map(|id| [Cell::Bytes(id.as_bytes())]);
        let bookings = footprint.bookings.iter().map(|id| [Cell::Bytes(id.as_bytes())]);
        let persons = footprint.person_keys.iter().map(|(_, key)| [Cell::Bytes(&key.0)]);
        let keys = footprint.idempotency_keys.iter().map(|key| [Cell::Bytes(key)]);
        let entries = found.entries.iter().map(|id| [Cell::Bytes(id)]);
        let offers = footprint.offers.iter().map(|id| [Cell::Bytes(id.as_bytes())]);
        let waitlists = found.waitlists.iter().map(|id| [text(id.as_str())]);
        let whole = footprint.whole_campaigns.iter().map(|id| [text(id.as_str())]);
        let cars = footprint.cars.iter().map(|car| [Cell::Bytes(car.as_bytes())]);
        let mut values = Vec::new();
        for rows in [
            Rows::collect(self.backend, IDS, campaigns),
            Rows::collect(self.backend, SLOT_KEYS, slots),
            Rows::collect(self.backend, BYTE_IDS, holds),
            Rows::collect(self.backend, BYTE_IDS, passes),
            Rows::collect(self.backend, BYTE_IDS, bookings),
            Rows::collect(self.backend, PERSON_KEYS, persons),
            Rows::collect(self.backend, KEYS, keys),
            Rows::collect(self.backend, CARS, cars),
            Rows::collect(self.backend, BYTE_IDS, entries),
            Rows::collect(self.backend, BYTE_IDS, offers),
            Rows::collect(self.backend, IDS, waitlists),
            Rows::collect(self.backend, IDS, whole),
        ] {
            rows.bind(&mut values);
        }
        values.push(now.unix_ms().into());
        values
    }
}

/// What is loaded besides what the commands of a batch name.
struct Found {
    /// With those named.
    holds: Vec<Vec<u8>>,
    /// With those named.
    entries: Vec<Vec<u8>>,
    /// The campaigns that have one.
    waitlists: Vec<CampaignId>,
}

/// The ids that a query answers.
async fn ids(transaction: &DatabaseTransaction, find: Statement) -> Result<Vec<Vec<u8>>, Fault> {
    let rows = transaction.query_all_raw(find).await.map_err(Fault::at(LOAD))?;
    rows.iter().map(|row| row.try_get("", "id").map_err(Fault::at(LOAD))).collect()
}

/// The kinds of rows that are loaded, with their columns. In the reply a column is called
/// `kind_column`, and is NULL in the rows of every other kind.
const LOADED: [(&str, &[Column]); 12] = [
    ("hold", hold::TABLE.columns),
    ("booking", booking::LOADED),
    ("slot", slot::TABLE.columns),
    ("pass_use", pass_use::TABLE.columns),
    ("paid", PAID),
    ("person", booking::ACTIVE),
    ("car", booking::CAR_USE),
    ("record", idempotency::TABLE.columns),
    ("entry", waitlist_entry::LOADED),
    ("offer", offer::TABLE.columns),
    ("declined", offer::DECLINED),
    ("waitlist", waitlist_entry::COUNTS),
];

const PAID: &[Column] = &{
    let mut columns = [pass_use::PAID[0].0; pass_use::PAID.len()];
    let mut place = 0;
    while place < columns.len() {
        columns[place] = pass_use::PAID[place].0;
        place += 1;
    }
    columns
};

/// `load.sql` with the columns of every kind of row.
pub(crate) fn load_template() -> String {
    let names = |columns: &[Column]| {
        let names: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
        names.join(", ")
    };
    let paid: Vec<String> =
        pass_use::PAID.iter().map(|((column, _), made)| format!("{made} AS {column}")).collect();
    let template = include_str!("../sql/load.sql")
        .replace("{columns booking}", &names(booking::LOADED))
        .replace("{columns entry}", &names(waitlist_entry::LOADED))
        .replace("{seats booking}", pass_use::SEAT_OF_BOOKING)
        .replace("{seats waitlist_entry}", pass_use::SEAT_OF_ENTRY)
        .replace("{paid}", &paid.join(", "));
    LOADED.iter().fold(template, |template, (kind, _)| {
        template.replace(&format!("{{select {kind}}}"), &selected(kind))
    })
}

fn selected(kind: &str) -> String {
    let cell = |of: &str, column: &str, its: Kind| {
        if of == kind {
            format!("{column} AS {of}_{column}")
        } else {
            format!("CAST(NULL AS {}) AS {of}_{column}", its.sql_type())
        }
    };
    let cells: Vec<String> = LOADED
        .iter()
        .flat_map(|(of, columns)| columns.iter().map(|(column, its)| cell(of, column, *its)))
        .collect();
    format!("'{kind}' AS kind, {}", cells.join(", "))
}

/// A row of this kind.
fn read<M: FromQueryResult>(row: &QueryResult, kind: &str) -> Result<M, Fault> {
    M::from_query_result(row, &format!("{kind}_")).map_err(Fault::at(LOAD))
}

/// The request that a booking was made for, as it would be answered now.
fn request(loaded: &booking::Loaded, state: &State) -> Result<IdempotencyRecord, Fault> {
    let id: CampaignId = parse("campaign id", &loaded.head.campaign)?;
    let slot: SlotId = parse("slot id", &loaded.head.slot)?;
    let campaign = state.campaigns.get(&id);
    let slot = campaign.and_then(|campaign| campaign.slot(&slot));
    booking::request(loaded, slot.ok_or_else(|| unreadable("slot of a booking"))?)
}

fn add(row: &QueryResult, state: &mut State, known: &mut Known) -> Result<(), Fault> {
    let kind: String = row.try_get("", "kind").map_err(Fault::at(LOAD))?;
    match kind.as_str() {
        "hold" => {
            let hold = hold::from_row(&read(row, &kind)?)?;
            known.holds.insert(hold.id);
            state.holds.insert(hold.id, hold);
        }
        "booking" => {
            let loaded: booking::Loaded = read(row, &kind)?;
            let request = request(&loaded, state)?;
            let head = booking::head(loaded.head)?;
            state.records.insert(request.key, request);
            state.bookings.insert(head.id, head);
        }
        "slot" => {
            let row = read(row, &kind)?;
            state.slots.insert(slot::key(&row)?, slot::counters(&row)?);
        }
        "pass_use" => {
            let pass = pass_use::from_row(&read(row, &kind)?)?;
            pass_use::add_row(&pass, &mut state.passes);
            known.passes.insert(pass.pass_id, pass);
        }
        "paid" => {
            pass_use::add_bookings(&read(row, &kind)?, &mut state.passes)?;
        }
        "person" => {
            state.active_persons.insert(booking::active(read(row, &kind)?)?);
        }
        "car" => booking::add_car_use(&read(row, &kind)?, &mut state.cars)?,
        "record" => {
            let record = idempotency::from_row(read(row, &kind)?)?;
            state.records.insert(record.key, record);
        }
        "entry" => {
            let entry = waitlist_entry::head(read(row, &kind)?)?;
            state.entries.insert(entry.id, entry);
        }
        "offer" => {
            let offer = offer::from_row(&read(row, &kind)?)?;
            known.offers.insert(offer.id);
            state.offers.insert(offer.id, offer);
        }
        "declined" => {
            state.declined.insert(offer::declined(&read(row, &kind)?)?);
        }
        "waitlist" => {
            let (campaign, counts) = waitlist_entry::counts(&read(row, &kind)?)?;
            state.waitlists.insert(campaign, counts);
        }
        _ => return Err(unreadable("kind of row")),
    }
    Ok(())
}
