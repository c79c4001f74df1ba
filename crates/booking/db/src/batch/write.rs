//! Writing the changes of a batch, set by set.

use std::collections::HashSet;

use booking::{
    Booking, BookingStatus, Cancellation, Changes, Hold, IdempotencyRecord, PassUse, SlotChange,
    State,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value};

use crate::convert::{person_to_json, status_name};
use crate::dialect::{Cell, Rows, number, text};
use crate::fault::Fault;
use crate::statements::{
    BOOKINGS, CANCELLATIONS, HOLD_CHANGES, HOLDS, PARTS, PASS_USES, RECORDS, SLOT_CHANGES,
    Statements, WriteStatements, joint,
};

/// The rows that exist already: they are updated, the others inserted. An upsert would have to look
/// each of them up once more.
pub(crate) struct Known {
    passes: HashSet<[u8; 16]>,
    holds: HashSet<[u8; 16]>,
}

impl Known {
    pub fn of(state: &State) -> Self {
        Self {
            passes: state.passes.keys().map(|id| *id.as_bytes()).collect(),
            holds: state.holds.keys().map(|id| *id.as_bytes()).collect(),
        }
    }
}

/// Writes what batches have changed.
pub(crate) struct Writer<'a> {
    pub backend: DbBackend,
    pub statements: &'a Statements,
    pub transaction: &'a DatabaseTransaction,
}

impl Writer<'_> {
    /// Writes the changes. The cancellations come first, for a person whose booking is cancelled
    /// may be booked again in the same batch; the other sets do not depend on each other.
    pub async fn write(&self, changes: &Changes, known: &Known) -> Result<(), Fault> {
        let cancelled = changes.bookings_cancelled.iter().map(cancellation);
        let cancelled = Rows::collect(self.backend, CANCELLATIONS, cancelled);
        self.set("cancel bookings", &self.statements.cancel, cancelled).await?;
        let sets = self.sets(changes, known);
        match &self.statements.write {
            WriteStatements::Single(texts) => {
                for ((part, sql), set) in PARTS.iter().zip(texts).zip(sets) {
                    self.set(part.doing, sql, set).await?;
                }
                Ok(())
            }
            WriteStatements::Joint(texts) => {
                let is_needed = sets.each_ref().map(|set| set.count() > 0);
                if is_needed.contains(&true) {
                    self.joint_sets(joint(texts.as_slice(), is_needed), sets).await?;
                }
                Ok(())
            }
        }
    }

    /// The rows of every part, in the order of [`PARTS`].
    fn sets(&self, changes: &Changes, known: &Known) -> [Rows; PARTS.len()] {
        let is_known_pass = |pass: &&PassUse| known.passes.contains(pass.pass_id.as_bytes());
        let is_known_hold = |hold: &&Hold| known.holds.contains(hold.id.as_bytes());
        let (passes, holds) = (&changes.pass_uses, &changes.holds);
        let old_passes = passes.iter().filter(is_known_pass).map(pass_use);
        let new_passes = passes.iter().filter(|pass| !is_known_pass(pass)).map(pass_use);
        let old_holds = holds.iter().filter(is_known_hold).map(hold_change);
        let new_holds = holds.iter().filter(|hold| !is_known_hold(hold)).map(hold);
        let backend = self.backend;
        [
            Rows::collect(backend, SLOT_CHANGES, changes.slots.iter().map(slot)),
            Rows::collect(backend, PASS_USES, old_passes),
            Rows::collect(backend, PASS_USES, new_passes),
            Rows::collect(backend, HOLD_CHANGES, old_holds),
            Rows::collect(backend, HOLDS, new_holds),
            Rows::collect(backend, BOOKINGS, changes.bookings_inserted.iter().map(booking)),
            Rows::collect(backend, RECORDS, changes.records.iter().map(record)),
        ]
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

    /// The same for all sets in one statement.
    async fn joint_sets(&self, sql: &str, sets: [Rows; PARTS.len()]) -> Result<(), Fault> {
        let doing = "write a batch";
        let count = sets.iter().map(Rows::count).sum();
        let mut values: Vec<Value> = Vec::new();
        for set in sets {
            if set.count() > 0 {
                set.bind(&mut values);
            }
        }
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        let reply = self.transaction.query_one_raw(statement).await.map_err(Fault::at(doing))?;
        let reply =
            reply.ok_or_else(|| Fault::Unexpected("no count of rows written".to_owned()))?;
        let written: i64 = reply.try_get("", "written").map_err(Fault::at(doing))?;
        all_written(doing, count, written.unsigned_abs())
    }
}

fn all_written(doing: &str, count: u64, written: u64) -> Result<(), Fault> {
    if written == count {
        Ok(())
    } else {
        Err(Fault::Unexpected(format!("failed to {doing}: {written} of {count} rows were there")))
    }
}

fn slot(change: &SlotChange) -> [Cell<'_>; SLOT_CHANGES.len()] {
    [
        text(change.key.campaign.as_str()),
        text(change.key.slot.as_str()),
        number(change.counters.released),
        number(change.counters.taken),
    ]
}

fn pass_use(pass_use: &PassUse) -> [Cell<'_>; PASS_USES.len()] {
    [
        Cell::Bytes(pass_use.pass_id.as_bytes()),
        text(pass_use.campaign.as_str()),
        number(pass_use.seats_held),
        number(pass_use.seats_booked),
        number(pass_use.expires_at.unix_ms()),
        pass_use.ended_at.map_or(Cell::Null, |at| number(at.unix_ms())),
    ]
}

fn hold(hold: &Hold) -> [Cell<'_>; HOLDS.len()] {
    [
        Cell::Bytes(hold.id.as_bytes()),
        text(hold.campaign.as_str()),
        text(hold.slot.as_str()),
        Cell::Bytes(hold.pass_id.as_bytes()),
        number(hold.ags.number()),
        number(hold.seats),
        number(hold.seats_booked),
        number(hold.renewals),
        number(hold.held_at.unix_ms()),
        number(hold.expires_at.unix_ms()),
        text(hold.state.as_str()),
    ]
}

/// What can change of a hold.
fn hold_change(hold: &Hold) -> [Cell<'_>; HOLD_CHANGES.len()] {
    [
        Cell::Bytes(hold.id.as_bytes()),
        number(hold.seats_booked),
        number(hold.renewals),
        number(hold.expires_at.unix_ms()),
        text(hold.state.as_str()),
    ]
}

fn cancellation(cancellation: &Cancellation) -> [Cell<'_>; CANCELLATIONS.len()] {
    [Cell::Bytes(cancellation.booking.as_bytes()), number(cancellation.cancelled_at.unix_ms())]
}

fn booking(booking: &Booking) -> [Cell<'_>; BOOKINGS.len()] {
    let registration = &booking.registration;
    let cancelled_at = match booking.status {
        BookingStatus::Confirmed => Cell::Null,
        BookingStatus::Cancelled { at } => number(at.unix_ms()),
    };
    [
        Cell::Bytes(registration.booking.as_bytes()),
        text(booking.campaign.as_str()),
        text(booking.slot.as_str()),
        booking.hold.as_ref().map_or(Cell::Null, |hold| Cell::Bytes(hold.as_bytes())),
        Cell::Bytes(booking.pass_id.as_bytes()),
        number(booking.ags.number()),
        Cell::Bytes(&registration.person_key.0),
        text(person_to_json(&registration.person)),
        text(registration.code.as_str()),
        Cell::Bytes(&registration.manage_token_hash.0),
        text(status_name(booking.status)),
        number(booking.booked_at.unix_ms()),
        cancelled_at,
    ]
}

fn record(record: &IdempotencyRecord) -> [Cell<'_>; RECORDS.len()] {
    let effect = serde_json::to_string(&record.effect).expect("an effect is always JSON");
    [
        Cell::Bytes(&record.key),
        Cell::Bytes(&record.fingerprint),
        text(record.campaign.as_str()),
        number(record.recorded_at.unix_ms()),
        text(effect),
    ]
}
