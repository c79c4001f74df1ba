//! Bringing the bookings of an earlier release up to date.

use std::collections::{BTreeSet, HashSet};

use booking::{BookingId, KeyOf, PersonKey};
use kernel::CampaignId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Statement, Value};

use crate::batch::Loader;
use crate::convert::{bytes_16, parse, person_from_json};
use crate::dialect::{Cell, Column, Rows};
use crate::fault::Fault;
use crate::statements::{BYTE_IDS, NEW_KEYS};
use crate::store::Session;

const UPDATE: &str = "bring older bookings up to date";

#[derive(FromQueryResult)]
struct Older {
    id: Vec<u8>,
    campaign: String,
    person: String,
    status: String,
}

/// What is to be done with a page.
#[derive(Default)]
struct Page {
    campaigns: BTreeSet<CampaignId>,
    new_keys: Vec<(Vec<u8>, PersonKey)>,
    cancelled: Vec<Vec<u8>>,
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
        let rows = Older::find_by_statement(find).all(&self.pools.read).await;
        let rows = rows.map_err(Fault::at(UPDATE))?;
        let Some(last) = rows.last() else { return Ok(None) };
        let last = BookingId::from_bytes(bytes_16("booking id", &last.id)?);
        let page = Page::of(&rows, key_of)?;
        let transaction = self.begin().await?;
        let updated = self.update_page(&transaction, &page).await;
        crate::store::end(transaction, updated).await?;
        Ok(Some(last))
    }

    async fn update_page(
        &self,
        transaction: &DatabaseTransaction,
        page: &Page,
    ) -> Result<(), Fault> {
        let backend = self.pools.backend;
        let loader = Loader { backend, statements: &self.statements, cache: &self.cache };
        let campaigns: Vec<CampaignId> = page.campaigns.iter().cloned().collect();
        loader.lock(transaction, &campaigns).await?;
        let keys = page.new_keys.iter().map(|(id, key)| [Cell::Bytes(id), Cell::Bytes(&key.0)]);
        let rekeyed =
            self.update_set(transaction, &self.statements.rekey_bookings, NEW_KEYS, keys).await?;
        let ids = page.cancelled.iter().map(|id| [Cell::Bytes(id)]);
        let erased =
            self.update_set(transaction, &self.statements.erase_bookings, BYTE_IDS, ids).await?;
        if rekeyed + erased > 0 {
            let writer = self.writer(transaction);
            for campaign in &campaigns {
                writer.touch(campaign).await?;
            }
        }
        Ok(())
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

impl Page {
    fn of(rows: &[Older], key_of: &KeyOf) -> Result<Self, Fault> {
        let mut page = Self::default();
        let mut seen = HashSet::new();
        for row in rows {
            let campaign: CampaignId = parse("campaign id", &row.campaign)?;
            if row.status == "cancelled" {
                page.cancelled.push(row.id.clone());
            } else if let Ok(Some(person)) = person_from_json(&row.person) {
                let key = key_of(&campaign, &person);
                if seen.insert((campaign.clone(), key)) {
                    page.new_keys.push((row.id.clone(), key));
                }
            }
            page.campaigns.insert(campaign);
        }
        Ok(page)
    }
}
