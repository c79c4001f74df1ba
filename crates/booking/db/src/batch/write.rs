//! Writing the changes of a batch, set by set.

use std::collections::{HashMap, HashSet};

use ::booking::mail::of_cancellations;
use ::booking::{
    Booking, BookingChange, BookingId, ChainEnd, Changes, Hold, HoldId, IdempotencyRecord, Link,
    OfferId, PassId, PassUse, PersonChange, PersonKey,
};
use kernel::CampaignId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value};

use crate::dialect::{Cell, Column, Parameter, Rows, statement, text};
use crate::fault::Fault;
use crate::statements::{BYTE_IDS, IDS, Statements};
use crate::tables::{
    Table, booking, campaign, event, hold, idempotency, mail, offer, pass_use, slot, waitlist_entry,
};
use crate::vault::{CampaignKeys, Wrapped};

/// A set of rows that batches write, each of which must be written.
struct Set {
    /// What it does, to complete "failed to …".
    doing: &'static str,
    name: &'static str,
    table: &'static Table,
    /// The columns to update; `None` to insert whole rows.
    changes: Option<&'static [Column]>,
}

/// What a batch writes after what it cancels and changes of earlier bookings, no row twice and each
/// table independent of the others.
const SETS: [Set; 11] = [
    update("update campaigns", "campaigns", &campaign::TABLE, campaign::CHANGES),
    update("update slots", "slots", &slot::TABLE, slot::CHANGES),
    update("update pass uses", "pass_uses", &pass_use::TABLE, pass_use::CHANGES),
    insert("insert pass uses", "new_pass_uses", &pass_use::TABLE),
    update("update holds", "holds", &hold::TABLE, hold::CHANGES),
    insert("insert holds", "new_holds", &hold::TABLE),
    insert("insert bookings", "new_bookings", &booking::TABLE),
    insert("insert waitlist entries", "new_entries", &waitlist_entry::TABLE),
    insert("insert offers", "new_offers", &offer::TABLE),
    insert("insert records", "new_records", &idempotency::TABLE),
    insert("insert events", "new_events", &event::TABLE),
];

const fn insert(doing: &'static str, name: &'static str, table: &'static Table) -> Set {
    Set { doing, name, table, changes: None }
}

const fn update(
    doing: &'static str,
    name: &'static str,
    table: &'static Table,
    changes: &'static [Column],
) -> Set {
    Set { doing, name, table, changes: Some(changes) }
}

impl Set {
    fn parameter(&self) -> (&'static str, Parameter) {
        (self.name, Parameter::Rows(self.changes.unwrap_or(self.table.columns)))
    }

    fn template(&self) -> String {
        match self.changes {
            Some(columns) => self.table.update(columns, self.name),
            None => self.table.insert(self.name),
        }
    }
}

/// How the sets are written.
#[derive(Debug)]
pub(crate) enum WriteTexts {
    /// SQLite: one by one, those that are empty not at all.
    Single(Box<[String; SETS.len()]>),
    /// PostgreSQL: all in one statement and one round trip. Its reply is how many rows were written.
    ///
    /// The empty sets are written too: a set without rows unnests an empty array, so its part reads
    /// no page, locks no row and fires no trigger, and costs only the start of its plan. In return
    /// there is one text, prepared and planned once for each connection, whatever a batch changes.
    Joint(String),
}

impl WriteTexts {
    pub fn new(backend: DbBackend) -> Self {
        if backend == DbBackend::Postgres {
            return Self::Joint(joint_text());
        }
        let texts =
            SETS.each_ref().map(|set| statement(backend, &set.template(), &[set.parameter()]));
        Self::Single(Box::new(texts))
    }
}

fn joint_text() -> String {
    let written = |set: &Set| format!("{}_written", set.name);
    let writes: Vec<String> = SETS
        .iter()
        .map(|set| format!("{} AS (\n{}\nRETURNING 1)", written(set), set.template()))
        .collect();
    let counts: Vec<String> =
        SETS.iter().map(|set| format!("(SELECT COUNT(*) FROM {})", written(set))).collect();
    let template = format!("WITH {}\nSELECT {} AS written", writes.join(",\n"), counts.join(" + "));
    statement(DbBackend::Postgres, &template, &SETS.each_ref().map(Set::parameter))
}

/// What the row of a campaign says beside its definition.
#[derive(Debug)]
pub(crate) struct Head {
    pub campaign: CampaignId,
    pub revision: i64,
    /// The number of its last change.
    pub sequence: i64,
    /// Where the chain of its events ends.
    pub end: ChainEnd,
    /// Its data key, if it has one.
    pub wrapped: Option<Wrapped>,
}

impl Head {
    /// Where the chain ends once `changes` are written.
    pub fn end_after(&self, changes: &Changes) -> ChainEnd {
        let mut told = changes.events.iter().map(|new| &new.link);
        told.find(|link| link.campaign == self.campaign).map_or(self.end, Link::end)
    }
}

/// The rows that exist already: they are updated, the others inserted. An upsert would have to look
/// each of them up once more.
#[derive(Default)]
pub(crate) struct Known {
    /// The campaigns that are locked.
    pub heads: Vec<Head>,
    /// What the rows of passes say.
    pub passes: HashMap<PassId, PassUse>,
    pub holds: HashSet<HoldId>,
    pub offers: HashSet<OfferId>,
}

/// Writes what batches have changed.
pub(crate) struct Writer<'a> {
    pub backend: DbBackend,
    pub statements: &'a Statements,
    pub transaction: &'a DatabaseTransaction,
    /// Whether the letter about a cancellation takes along whom it tells.
    pub keeps_recipients: bool,
}

impl Writer<'_> {
    /// Writes the changes. What is cancelled and what is changed of earlier bookings, entries and offers comes
    /// first, for a person whose booking is cancelled may be booked again in the same batch, and so on; the other
    /// sets do not depend on each other.
    pub async fn write(
        &self,
        changes: &Changes,
        known: &Known,
        keys: &CampaignKeys,
    ) -> Result<(), Fault> {
        if changes.is_empty() {
            return Ok(());
        }
        if self.keeps_recipients {
            self.keep_recipients(changes).await?;
        }
        self.forget_recipients(changes).await?;
        let cancelled = changes.bookings_cancelled.iter().map(booking::to_cancellation);
        let cancelled = Rows::collect(self.backend, booking::CANCELLATIONS, cancelled);
        self.set("cancel bookings", &self.statements.cancel, cancelled).await?;
        self.change_bookings(&changes.bookings_changed, keys).await?;
        self.change_waitlists(changes, known).await?;
        let sets = self.sets(changes, known, keys)?;
        match &self.statements.write {
            WriteTexts::Single(texts) => {
                for ((set, sql), rows) in SETS.iter().zip(texts.iter()).zip(sets) {
                    self.set(set.doing, sql, rows).await?;
                }
                Ok(())
            }
            WriteTexts::Joint(sql) => self.joint_sets(sql, sets).await,
        }
    }

    /// The letters about what is cancelled, with the persons that are about to be erased.
    async fn keep_recipients(&self, changes: &Changes) -> Result<(), Fault> {
        let mails = of_cancellations(changes);
        let rows = mails.iter().map(mail::to_row).collect::<Result<Vec<_>, _>>()?;
        let rows = Rows::collect(self.backend, mail::NEW, rows);
        self.set("keep letters of cancellations", &self.statements.mail.insert_cancelled, rows)
            .await
    }

    /// Whoever wants to be forgotten is in no letter that waits. Their bookings are few.
    async fn forget_recipients(&self, changes: &Changes) -> Result<(), Fault> {
        let sql = "UPDATE mail SET recipient = NULL WHERE about = $1 AND recipient IS NOT NULL";
        for booking in &changes.bookings_forgotten {
            let values: [Value; 1] = [booking.as_bytes().to_vec().into()];
            let forget = Statement::from_sql_and_values(self.backend, sql, values);
            let forgotten = self.transaction.execute_raw(forget).await;
            forgotten.map_err(Fault::at("forget whom letters are to"))?;
        }
        Ok(())
    }

    async fn change_bookings(
        &self,
        bookings: &[BookingChange],
        keys: &CampaignKeys,
    ) -> Result<(), Fault> {
        let is_vacated = |change: &&BookingChange| {
            change.person.as_ref().is_some_and(PersonChange::is_another_key)
        };
        let vacated = bookings.iter().filter(is_vacated);
        let vacated = vacated.map(|change| [Cell::Bytes(change.booking.as_bytes())]);
        let vacated = Rows::collect(self.backend, BYTE_IDS, vacated);
        self.set("vacate keys", &self.statements.vacate_keys, vacated).await?;
        let nobody = bookings.iter().map(|change| PersonKey::nobody(change.booking));
        let nobody: Vec<PersonKey> = nobody.collect();
        let rows = bookings.iter().zip(&nobody);
        let rows = rows.map(|(change, nobody)| booking::to_change(change, nobody, keys));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let rows = Rows::collect(self.backend, booking::CHANGES, rows);
        self.set("change bookings", &self.statements.change, rows).await
    }

    async fn change_waitlists(&self, changes: &Changes, known: &Known) -> Result<(), Fault> {
        let entries = changes.entries_changed.iter().map(waitlist_entry::to_change);
        let entries = Rows::collect(self.backend, waitlist_entry::CHANGES, entries);
        self.set("change waitlist entries", &self.statements.waitlist.update_entries, entries)
            .await?;
        let ended = changes.offers.iter().filter(|offer| known.offers.contains(&offer.id));
        let ended = Rows::collect(self.backend, offer::CHANGES, ended.map(offer::to_change));
        self.set("end offers", &self.statements.waitlist.end_offers, ended).await
    }

    /// The rows of every set, in the order of [`SETS`].
    fn sets(
        &self,
        changes: &Changes,
        known: &Known,
        keys: &CampaignKeys,
    ) -> Result<[Rows; SETS.len()], Fault> {
        let is_known = |hold: &&Hold| known.holds.contains(&hold.id);
        let (passes, holds) = (&changes.pass_uses, &changes.holds);
        // What a pass has booked is said by its bookings.
        let old_passes = passes.iter().filter(|pass| {
            known.passes.get(&pass.pass_id).is_some_and(|row| !pass_use::says_the_same(row, pass))
        });
        let new_passes = passes.iter().filter(|pass| {
            !known.passes.contains_key(&pass.pass_id) && pass_use::says_something(pass)
        });
        let old_passes = old_passes.map(pass_use::to_change);
        let new_passes = new_passes.map(pass_use::to_row);
        let old_holds = holds.iter().filter(is_known).map(hold::to_change);
        let new_holds = holds.iter().filter(|hold| !is_known(hold)).map(hold::to_row);
        let paid = paid(changes)?;
        let bookings = booking_rows(&paid, keys)?;
        let entries = entries(changes, keys)?;
        let new_offers = changes.offers.iter().filter(|offer| !known.offers.contains(&offer.id));
        let new_offers = new_offers.map(offer::to_row);
        // What booked a person is recorded by the booking.
        let records = changes.records.iter().filter(|record| record.effect.booking().is_none());
        let records = records.map(idempotency::to_row);
        let ends: Vec<(&Head, ChainEnd)> =
            known.heads.iter().map(|head| (head, head.end_after(changes))).collect();
        let heads = ends
            .iter()
            .map(|(head, end)| campaign::to_change(&head.campaign, head.sequence + 1, end))
            .collect::<Result<Vec<_>, _>>()?;
        let events = changes.events.iter().map(|new| event::to_row(&new.link));
        let events = events.collect::<Result<Vec<_>, _>>()?;
        let backend = self.backend;
        Ok([
            Rows::collect(backend, campaign::CHANGES, heads),
            Rows::collect(backend, slot::CHANGES, changes.slots.iter().map(slot::to_change)),
            Rows::collect(backend, pass_use::CHANGES, old_passes),
            Rows::collect(backend, pass_use::TABLE.columns, new_passes),
            Rows::collect(backend, hold::CHANGES, old_holds),
            Rows::collect(backend, hold::TABLE.columns, new_holds),
            Rows::collect(backend, booking::TABLE.columns, bookings),
            Rows::collect(backend, waitlist_entry::TABLE.columns, entries),
            Rows::collect(backend, offer::TABLE.columns, new_offers),
            Rows::collect(backend, idempotency::TABLE.columns, records),
            Rows::collect(backend, event::TABLE.columns, events),
        ])
    }

    /// Says that something has changed in a campaign, or in what is in it.
    pub async fn touch(&self, campaign: &CampaignId) -> Result<(), Fault> {
        let rows = Rows::collect(self.backend, IDS, [[text(campaign.as_str())]]);
        self.set("count a change", &self.statements.touch_campaigns, rows).await
    }

    /// Writes one set of rows, and holds the database to having written every one of them: a row
    /// that was to be updated and is gone must not pass unnoticed.
    pub async fn set(&self, doing: &'static str, sql: &str, set: Rows) -> Result<(), Fault> {
        let count = set.count();
        if count == 0 {
            return Ok(());
        }
        let mut values = Vec::new();
        set.bind(&mut values);
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        let written = self.transaction.execute_raw(statement).await.map_err(Fault::at(doing))?;
        all_written(doing, count, written.rows_affected())
    }

    /// The same for all sets in one statement; none if there is nothing to write.
    async fn joint_sets(&self, sql: &str, sets: [Rows; SETS.len()]) -> Result<(), Fault> {
        let doing = "write a batch";
        let count = sets.iter().map(Rows::count).sum();
        if count == 0 {
            return Ok(());
        }
        let mut values: Vec<Value> = Vec::new();
        for set in sets {
            set.bind(&mut values);
        }
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        let reply = self.transaction.query_one_raw(statement).await.map_err(Fault::at(doing))?;
        let reply =
            reply.ok_or_else(|| Fault::Unexpected("no count of rows written".to_owned()))?;
        let written: i64 = reply.try_get("", "written").map_err(Fault::at(doing))?;
        all_written(doing, count, written.unsigned_abs())
    }
}

/// Each booking to be inserted, with the request that asked for it and the pass that paid for it.
pub(super) fn paid(
    changes: &Changes,
) -> Result<Vec<(&Booking, &IdempotencyRecord, &PassUse)>, Fault> {
    let requests: HashMap<BookingId, &IdempotencyRecord> = changes
        .records
        .iter()
        .filter_map(|record| Some((record.effect.booking()?, record)))
        .collect();
    let passes = pass_uses(changes);
    let bookings = changes.bookings_inserted.iter().map(|booking| {
        let request = requests.get(&booking.registration.booking).copied();
        let pass = passes.get(&booking.pass_id).copied();
        let paid = request.zip(pass).map(|(request, pass)| (booking, request, pass));
        paid.ok_or_else(|| Fault::Unexpected("a booking that nobody asked or paid for".to_owned()))
    });
    bookings.collect()
}

/// The rows of bookings to be inserted.
pub(super) fn booking_rows<'a>(
    paid: &[(&'a Booking, &'a IdempotencyRecord, &'a PassUse)],
    keys: &CampaignKeys,
) -> Result<Vec<[Cell<'a>; booking::TABLE.columns.len()]>, Fault> {
    let rows = paid.iter();
    rows.map(|(booking, request, pass)| booking::to_row(booking, request, pass, keys)).collect()
}

/// The rows of the entries to be inserted, each with the pass that paid for it.
fn entries<'a>(
    changes: &'a Changes,
    keys: &CampaignKeys,
) -> Result<Vec<[Cell<'a>; waitlist_entry::TABLE.columns.len()]>, Fault> {
    let passes = pass_uses(changes);
    let entries = changes.entries_inserted.iter().map(|entry| {
        let pass = passes.get(&entry.pass_id).copied();
        let pass = pass.ok_or_else(|| {
            Fault::Unexpected("an entry of a waitlist that nobody paid for".to_owned())
        })?;
        waitlist_entry::to_row(entry, pass, keys)
    });
    entries.collect()
}

fn pass_uses(changes: &Changes) -> HashMap<PassId, &PassUse> {
    changes.pass_uses.iter().map(|pass| (pass.pass_id, pass)).collect()
}

fn all_written(doing: &str, count: u64, written: u64) -> Result<(), Fault> {
    if written == count {
        Ok(())
    } else {
        Err(Fault::Unexpected(format!("failed to {doing}: {written} of {count} rows were there")))
    }
}
