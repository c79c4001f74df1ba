//! What is read outside batches: one statement each, nothing locked.

mod bookings;
mod waitlist;

use std::collections::{HashMap, HashSet};

use booking::{
    Availability, BookingId, BookingStatus, Campaign, Held, Hold, HoldId, HoldState, Link, PassId,
    SlotCounters, SlotKey, SlotUse, StoreError, TakenBy, WaitlistCounts,
};
use kernel::{CampaignId, Clock, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};

use crate::batch::{Version, definition};
use crate::convert::{self, bytes_16, number, parse};
use crate::dialect::{Cell, Rows};
use crate::fault::Fault;
use crate::migration;
use crate::statements::BYTE_IDS;
use crate::store::Session;
use crate::tables;

pub(crate) use waitlist::waitlist_entry_template;

#[derive(FromQueryResult)]
struct StoredAvailability {
    revision: i64,
    applied_at_ms: i64,
    id: String,
    taken: i32,
    released: i32,
    reserved: i32,
    overdue: i64,
    held_passes: i64,
    held_seats: i64,
    waiting: i64,
    offered: i64,
    last_number: i64,
}

#[derive(FromQueryResult)]
struct Durability {
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    is_replica: bool,
}

impl Session {
    pub(crate) async fn read_campaigns(&self) -> Result<Vec<Campaign>, Fault> {
        let rows = tables::campaign::Entity::find()
            .order_by_asc(tables::campaign::Column::Id)
            .all(&self.pools.read)
            .await
            .map_err(Fault::at("read the campaigns"))?;
        // One that cannot be read takes no other with it (P20).
        let readable = rows.iter().filter_map(|row| {
            let campaign = definition(&row.definition).ok();
            if campaign.is_none() {
                tracing::error!(campaign = row.id, "the stored definition is unreadable");
            }
            campaign
        });
        Ok(readable.collect())
    }

    pub(crate) async fn read_events(
        &self,
        campaign: &CampaignId,
        after: u64,
        links_max: u32,
    ) -> Result<Vec<Link>, Fault> {
        use tables::event::{Column, Entity};
        let rows = Entity::find()
            .filter(Column::Campaign.eq(campaign.as_str()))
            .filter(Column::LastNumber.gt(i64::try_from(after).unwrap_or(i64::MAX)))
            .order_by_asc(Column::LastNumber)
            .limit(u64::from(links_max))
            .all(&self.pools.read)
            .await
            .map_err(Fault::at("read the events"))?;
        rows.into_iter().map(tables::event::from_row).collect()
    }

    pub(crate) async fn read_hold(&self, id: HoldId) -> Result<Option<Hold>, Fault> {
        let row = tables::hold::Entity::find_by_id(id.as_bytes().to_vec())
            .one(&self.pools.read)
            .await
            .map_err(Fault::at("read a hold"))?;
        row.as_ref().map(tables::hold::from_row).transpose()
    }

    /// The counters come with the version of the campaign they belong to. If that is replaced
    /// before its definition is read, both are read again.
    pub(crate) async fn read_availability(
        &self,
        id: &CampaignId,
        now: Timestamp,
    ) -> Result<Option<Availability>, Fault> {
        loop {
            let values: [Value; 2] = [id.as_str().into(), now.unix_ms().into()];
            let statement = Statement::from_sql_and_values(
                self.pools.backend,
                &self.statements.availability,
                values,
            );
            let rows = StoredAvailability::find_by_statement(statement)
                .all(&self.pools.read)
                .await
                .map_err(Fault::at("read the availability"))?;
            // A plan has at least one slot, so a campaign without rows does not exist.
            let Some(first) = rows.first() else { return Ok(None) };
            let version = Version { revision: first.revision, applied_at_ms: first.applied_at_ms };
            if let Some(campaign) = self.cache.campaign(&self.pools.read, id, version).await? {
                let counters =
                    rows.iter().map(counters_of).collect::<Result<HashMap<_, _>, _>>()?;
                let held = Held {
                    passes: number("passes that hold", first.held_passes)?,
                    seats: number("seats held", first.held_seats)?,
                };
                let reserved = counters.values().map(|(counters, _)| counters.reserved).sum();
                let waitlist = WaitlistCounts { reserved, ..first.waitlist()? };
                return Ok(Some(Availability::of(&campaign, &counters, held, waitlist, now)));
            }
        }
    }

    /// Not of one moment: what comes and goes meanwhile is looked at again under the lock.
    pub(crate) async fn read_slot_use(
        &self,
        key: &SlotKey,
        page_max: u32,
    ) -> Result<SlotUse, Fault> {
        use tables::{booking, hold, slot};
        let fault = || Fault::at("read what takes the places of a slot");
        let (campaign, id) = (key.campaign.as_str(), key.slot.as_str());
        let row = slot::Entity::find_by_id((campaign.to_owned(), id.to_owned()));
        let Some(row) = row.one(&self.pools.read).await.map_err(fault())? else {
            return Ok(SlotUse::default());
        };
        let holds = hold::Entity::find()
            .filter(hold::Column::Campaign.eq(campaign))
            .filter(hold::Column::Slot.eq(id))
            .filter(hold::Column::State.eq(HoldState::Active.as_str()));
        let bookings = booking::Entity::find()
            .filter(booking::Column::Campaign.eq(campaign))
            .filter(booking::Column::Slot.eq(id))
            .filter(booking::Column::Status.eq(booking::status_name(BookingStatus::Confirmed)));
        let counters = slot::counters(&row)?;
        let mut slot_use = SlotUse {
            taken: counters.taken,
            reserved: counters.reserved,
            bookings: bookings.clone().count(&self.pools.read).await.map_err(fault())?,
            holds: holds.clone().count(&self.pools.read).await.map_err(fault())?,
            page: Vec::new(),
        };
        let holds: Vec<(Vec<u8>, Vec<u8>)> = holds
            .select_only()
            .columns([hold::Column::Id, hold::Column::PassId])
            .order_by_asc(hold::Column::Id)
            .limit(u64::from(page_max))
            .into_tuple()
            .all(&self.pools.read)
            .await
            .map_err(fault())?;
        for (hold, pass_id) in &holds {
            let hold = HoldId::from_bytes(bytes_16("hold id", hold)?);
            slot_use.page.push(TakenBy::Hold { hold, pass_id: convert::pass_id(pass_id)? });
        }
        let bookings: Vec<Vec<u8>> = bookings
            .select_only()
            .column(booking::Column::Id)
            .order_by_asc(booking::Column::Id)
            .limit(u64::from(page_max).saturating_sub(holds.len() as u64))
            .into_tuple()
            .all(&self.pools.read)
            .await
            .map_err(fault())?;
        for booking in &bookings {
            let booking = BookingId::from_bytes(bytes_16("booking id", booking)?);
            slot_use.page.push(TakenBy::Booking(booking));
        }
        Ok(slot_use)
    }

    pub(crate) async fn read_open_holds(
        &self,
        passes: &[PassId],
        now: Timestamp,
    ) -> Result<HashSet<PassId>, Fault> {
        let doing = "read the open holds";
        let backend = self.pools.backend;
        let mut values = Vec::new();
        let ids = passes.iter().map(|id| [Cell::Bytes(id.as_bytes())]);
        Rows::collect(backend, BYTE_IDS, ids).bind(&mut values);
        values.push(now.unix_ms().into());
        let find = Statement::from_sql_and_values(backend, &self.statements.open_holds, values);
        Ok(self.read_pass_ids(find, doing).await?.into_iter().collect())
    }

    pub(crate) async fn read_seats_taken(&self, pass: PassId, now: Timestamp) -> Result<u8, Fault> {
        let doing = "read the seats of a pass";
        let values: [Value; 2] = [pass.as_bytes().to_vec().into(), now.unix_ms().into()];
        let sql = &self.statements.seats_taken;
        let find = Statement::from_sql_and_values(self.pools.backend, sql, values);
        let row = self.pools.read.query_one_raw(find).await.map_err(Fault::at(doing))?;
        let row = row.ok_or_else(|| Fault::Unexpected("no count of seats".to_owned()))?;
        let seats: i64 = row.try_get("", "seats_taken").map_err(Fault::at(doing))?;
        number("seats taken", seats)
    }

    pub(crate) async fn read_departed(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
        passes_max: u32,
    ) -> Result<Vec<PassId>, Fault> {
        let values: [Value; 3] =
            [campaign.as_str().into(), now.unix_ms().into(), i64::from(passes_max).into()];
        let sql = &self.statements.departed_passes;
        let find = Statement::from_sql_and_values(self.pools.backend, sql, values);
        self.read_pass_ids(find, "read the departed passes").await
    }

    async fn read_pass_ids(
        &self,
        find: Statement,
        doing: &'static str,
    ) -> Result<Vec<PassId>, Fault> {
        let rows = self.pools.read.query_all_raw(find).await.map_err(Fault::at(doing))?;
        let ids = rows.iter().map(|row| {
            let bytes: Vec<u8> = row.try_get("", "pass_id").map_err(Fault::at(doing))?;
            convert::pass_id(&bytes)
        });
        ids.collect()
    }

    pub(crate) async fn read_now(&self) -> Result<Timestamp, Fault> {
        if self.pools.backend != DbBackend::Postgres {
            return Ok(self.clock.now());
        }
        let doing = "read the clock";
        let sql =
            "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS bigint) AS now";
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let row = self.pools.read.query_one_raw(statement).await.map_err(Fault::at(doing))?;
        let row = row.ok_or_else(|| Fault::Unexpected("the clock gave no answer".to_owned()))?;
        row.try_get("", "now").map(Timestamp::from_unix_ms).map_err(Fault::at(doing))
    }

    pub(crate) async fn read_pending(&self) -> Result<Vec<String>, Fault> {
        migration::pending(&self.pools.read).await.map_err(Fault::at("read the migrations"))
    }

    /// What keeps this server from being trusted with bookings, if anything.
    pub(crate) async fn read_durability(&self) -> Result<Result<(), StoreError>, Fault> {
        if self.pools.backend != DbBackend::Postgres {
            return Ok(Ok(()));
        }
        let sql = "SELECT current_setting('fsync') AS fsync, \
                   current_setting('full_page_writes') AS full_page_writes, \
                   current_setting('synchronous_commit') AS synchronous_commit, \
                   pg_is_in_recovery() AS is_replica";
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let settings = Durability::find_by_statement(statement)
            .one(&self.pools.read)
            .await
            .map_err(Fault::at("read the settings of the server"))?;
        let settings = settings.ok_or_else(|| Fault::Unexpected("no settings".to_owned()))?;
        Ok(settings.check())
    }
}

impl Durability {
    fn check(&self) -> Result<(), StoreError> {
        if self.is_replica {
            let reason = "the PostgreSQL server is a replica and takes no bookings".to_owned();
            return Err(StoreError::Unavailable { reason, source: None });
        }
        let settings = [
            ("fsync", &self.fsync, ["on", "on"]),
            ("full_page_writes", &self.full_page_writes, ["on", "on"]),
            ("synchronous_commit", &self.synchronous_commit, ["on", "remote_apply"]),
        ];
        let wrong = settings.into_iter().find(|(_, value, safe)| !safe.contains(&value.as_str()));
        match wrong {
            None => Ok(()),
            Some((name, value, _)) => Err(StoreError::Broken {
                reason: format!(
                    "PostgreSQL runs with {name} = {value} and would lose confirmed bookings in a crash"
                ),
                source: None,
            }),
        }
    }
}

impl StoredAvailability {
    /// Without the places reserved, which each row has of its slot.
    fn waitlist(&self) -> Result<WaitlistCounts, Fault> {
        Ok(WaitlistCounts {
            waiting: number("number of people who wait", self.waiting - self.offered)?,
            offered: number("number of open offers", self.offered)?,
            last_number: number("number of a waitlist entry", self.last_number)?,
            reserved: 0,
        })
    }
}

fn counters_of(row: &StoredAvailability) -> Result<(booking::SlotId, (SlotCounters, u32)), Fault> {
    let counters = SlotCounters {
        taken: number("taken", row.taken)?,
        released: number("released", row.released)?,
        reserved: number("reserved", row.reserved)?,
    };
    Ok((parse("slot id", &row.id)?, (counters, number("overdue seats", row.overdue)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(fsync: &str, synchronous_commit: &str, is_replica: bool) -> Durability {
        Durability {
            fsync: fsync.into(),
            full_page_writes: "on".into(),
            synchronous_commit: synchronous_commit.into(),
            is_replica,
        }
    }

    #[test]
    fn a_server_that_forgets_is_named() {
        assert!(server("on", "on", false).check().is_ok());
        let problem = server("off", "on", false).check().expect_err("fsync is off").to_string();
        assert!(problem.contains("fsync = off"), "{problem}");
        assert!(matches!(server("on", "local", false).check(), Err(StoreError::Broken { .. })));
        assert!(matches!(server("on", "on", true).check(), Err(StoreError::Unavailable { .. })));
    }
}
