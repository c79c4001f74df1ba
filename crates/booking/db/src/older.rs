//! Bringing the bookings of an earlier release up to date.

use std::collections::{BTreeSet, HashSet};

use booking::{BookingId, KeyOf, Person, PersonKey};
use kernel::CampaignId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Statement, Value};

use crate::batch::Loader;
use crate::convert::{bytes_16, parse, person_from_json};
use crate::dialect::{Cell, Column, Rows, text};
use crate::fault::Fault;
use crate::statements::{BYTE_IDS, NEW_KEYS, SEALED};
use crate::store::Session;
use crate::vault::{CampaignKeys, Place, is_plain};

const UPDATE: &str = "bring older bookings up to date";

#[derive(FromQueryResult)]
struct Stored {
    id: Vec<u8>,
    campaign: String,
    person: String,
    status: String,
    key_version: i32,
}

/// A booking of an earlier release.
struct Older {
    id: BookingId,
    campaign: CampaignId,
    person: String,
    is_cancelled: bool,
    /// It has a key of version 1.
    needs_key: bool,
}

/// What is to be done with a page.
#[derive(Default)]
struct Page {
    new_keys: Vec<(BookingId, PersonKey)>,
    cancelled: Vec<BookingId>,
    /// Who it is: in plain JSON, and sealed.
    sealed: Vec<(BookingId, String, String)>,
}

impl Session {
    pub(crate) async fn update_older(
        &self,
        after: Option<BookingId>,
        key_of: &KeyOf,
        bookings_max: u32,
    ) -> Result<Option<BookingId>, Fault> {
        let after = after.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
        let values: [Value; 2] = [after.into(), i64::from(bookings_max).into()];
        let sql = &self.statements.older_bookings;
        let find = Statement::from_sql_and_values(self.pools.backend, sql, values);
        let rows = Stored::find_by_statement(find).all(&self.pools.read).await;
        let rows = rows.map_err(Fault::at(UPDATE))?;
        let rows = rows.into_iter().map(Older::try_from).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
        let transaction = self.begin().await?;
        let updated = self.update_page(&transaction, &rows, key_of).await;
        crate::store::end(transaction, updated).await?;
        Ok(Some(last))
    }

    async fn update_page(
        &self,
        transaction: &DatabaseTransaction,
        rows: &[Older],
        key_of: &KeyOf,
    ) -> Result<(), Fault> {
        let campaigns: BTreeSet<&CampaignId> = rows.iter().map(|row| &row.campaign).collect();
        let campaigns: Vec<CampaignId> = campaigns.into_iter().cloned().collect();
        let keys = self.lock_with_keys(transaction, &campaigns).await?;
        let page = Page::of(rows, key_of, &keys);
        let new_keys = page.new_keys.iter();
        let new_keys = new_keys.map(|(id, key)| [Cell::Bytes(id.as_bytes()), Cell::Bytes(&key.0)]);
        let cancelled = page.cancelled.iter().map(|id| [Cell::Bytes(id.as_bytes())]);
        let sealed = page.sealed.iter();
        let sealed = sealed.map(|(id, plain, sealed)| {
            [Cell::Bytes(id.as_bytes()), text(plain.as_str()), text(sealed.as_str())]
        });
        let of = &self.statements;
        let rekeyed = self.update_set(transaction, &of.rekey_bookings, NEW_KEYS, new_keys).await?;
        let erased = self.update_set(transaction, &of.erase_bookings, BYTE_IDS, cancelled).await?;
        let sealed = self.update_set(transaction, &of.seal_bookings, SEALED, sealed).await?;
        if rekeyed + erased + sealed > 0 {
            let writer = self.writer(transaction);
            for campaign in &campaigns {
                writer.touch(campaign).await?;
            }
        }
        Ok(())
    }

    /// Locks these campaigns and gives their data keys. A campaign without one that can be used is left as it is, and
    /// takes no other with it (P20).
    async fn lock_with_keys(
        &self,
        transaction: &DatabaseTransaction,
        campaigns: &[CampaignId],
    ) -> Result<CampaignKeys, Fault> {
        let backend = self.pools.backend;
        let (statements, cache, vault) = (&*self.statements, &*self.cache, &*self.vault);
        let loader = Loader { backend, statements, cache, vault };
        let now = self.read_now().await?;
        let mut keys = CampaignKeys::default();
        for mut locked in loader.lock(transaction, campaigns).await? {
            let (campaign, wrapped) = (locked.campaign()?, locked.wrapped()?);
            match self.vault.of_campaign(transaction, &campaign, wrapped.as_ref(), now).await {
                Ok(key) => keys.add(&campaign, key),
                Err(Fault::Unexpected(why)) => {
                    tracing::warn!(%campaign, why, "who is booked stays as an earlier release stored it");
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(keys)
    }

    /// How many rows it changed: unlike in a batch, a row may have changed since it was read, and is then left alone.
    async fn update_set<'a, const N: usize>(
        &self,
        transaction: &DatabaseTransaction,
        sql: &str,
        columns: &'static [Column],
        rows: impl Iterator<Item = [Cell<'a>; N]>,
    ) -> Result<u64, Fault> {
        let set = Rows::collect(self.pools.backend, columns, rows);
        if set.count() == 0 {
            return Ok(0);
        }
        let mut values = Vec::new();
        set.bind(&mut values);
        let update = Statement::from_sql_and_values(self.pools.backend, sql, values);
        let updated = transaction.execute_raw(update).await.map_err(Fault::at(UPDATE))?;
        Ok(updated.rows_affected())
    }
}

impl TryFrom<Stored> for Older {
    type Error = Fault;

    fn try_from(row: Stored) -> Result<Self, Fault> {
        Ok(Self {
            id: BookingId::from_bytes(bytes_16("booking id", &row.id)?),
            campaign: parse("campaign id", &row.campaign)?,
            person: row.person,
            is_cancelled: row.status == "cancelled",
            needs_key: row.key_version == 1,
        })
    }
}

impl Older {
    /// Who it is, if that can be read.
    fn person(&self, keys: &CampaignKeys) -> Option<Person> {
        if is_plain(&self.person) {
            return person_from_json(&self.person).ok().flatten();
        }
        let place = Place::of_booking(&self.campaign, &self.id);
        let json = keys.get(&self.campaign)?.open(&place, &self.person)?;
        person_from_json(&json).ok().flatten()
    }
}

impl Page {
    fn of(rows: &[Older], key_of: &KeyOf, keys: &CampaignKeys) -> Self {
        let mut page = Self::default();
        let mut seen = HashSet::new();
        for row in rows {
            if row.is_cancelled {
                page.cancelled.push(row.id);
                continue;
            }
            if row.needs_key
                && let Some(person) = row.person(keys)
            {
                let key = key_of(&row.campaign, &person);
                if seen.insert((row.campaign.clone(), key)) {
                    page.new_keys.push((row.id, key));
                }
            }
            if is_plain(&row.person)
                && let Some(key) = keys.get(&row.campaign)
            {
                let place = Place::of_booking(&row.campaign, &row.id);
                let sealed = key.seal(&place, &row.person);
                page.sealed.push((row.id, row.person.clone(), sealed));
            }
        }
        page
    }
}
