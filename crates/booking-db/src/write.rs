//! Writing the changes of a batch: one statement for each kind of row.

use booking::{Booking, BookingStatus, Cancellation, Changes, Hold, IdempotencyRecord, PassUse, SlotChange};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value};

use crate::convert::{person_to_json, status_name};
use crate::fault::Fault;
use crate::rows::{Column, Rows};
use crate::statements::{
    BOOKINGS, CANCELLATIONS, HOLDS, PASS_USES, RECORDS, SLOT_CHANGES, Statements,
};

/// Writes what batches have changed.
pub(crate) struct Writer<'a> {
    pub backend: DbBackend,
    pub statements: &'a Statements,
    pub transaction: &'a DatabaseTransaction,
}

impl Writer<'_> {
    /// Writes the sets in the order that [`Changes`] asks for.
    pub async fn write(&self, changes: &Changes) -> Result<(), Fault> {
        let sql = self.statements;
        self.set("write slots", &sql.write_slots, SLOT_CHANGES, changes.slots.iter().map(slot)).await?;
        let pass_uses = changes.pass_uses.iter().map(pass_use);
        self.set("write pass uses", &sql.write_pass_uses, PASS_USES, pass_uses).await?;
        self.set("write holds", &sql.write_holds, HOLDS, changes.holds.iter().map(hold)).await?;
        let cancelled = changes.bookings_cancelled.iter().map(cancellation);
        self.set("write cancellations", &sql.write_cancellations, CANCELLATIONS, cancelled).await?;
        let inserted = changes.bookings_inserted.iter().map(booking);
        self.set("write bookings", &sql.write_bookings, BOOKINGS, inserted).await?;
        let records = changes.records.iter().map(record);
        self.set("write idempotency records", &sql.write_records, RECORDS, records).await
    }

    /// Writes one set of rows, and holds the database to having written every one of them: a row
    /// that was to be updated and is gone must not pass unnoticed.
    pub async fn set<const N: usize>(
        &self,
        doing: &'static str,
        sql: &str,
        columns: &'static [Column],
        rows: impl ExactSizeIterator<Item = [Value; N]>,
    ) -> Result<(), Fault> {
        let count = rows.len();
        if count == 0 {
            return Ok(());
        }
        let mut values = Vec::new();
        Rows::collect(columns, rows).bind(self.backend, &mut values);
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        let written = self.transaction.execute_raw(statement).await.map_err(Fault::at(doing))?;
        let written = written.rows_affected();
        if usize::try_from(written) == Ok(count) {
            Ok(())
        } else {
            Err(Fault::Unexpected(format!("failed to {doing}: {written} of {count} rows were there")))
        }
    }
}

fn slot(change: &SlotChange) -> [Value; 4] {
    [
        change.key.campaign.as_str().into(),
        change.key.slot.as_str().into(),
        i64::from(change.counters.released).into(),
        i64::from(change.counters.taken).into(),
    ]
}

fn pass_use(pass_use: &PassUse) -> [Value; 5] {
    [
        pass_use.pass_id.to_string().into(),
        pass_use.campaign.as_str().into(),
        i64::from(pass_use.seats_held).into(),
        i64::from(pass_use.seats_booked).into(),
        pass_use.expires_at.unix_ms().into(),
    ]
}

fn hold(hold: &Hold) -> [Value; 11] {
    [
        hold.id.to_string().into(),
        hold.campaign.as_str().into(),
        hold.slot.as_str().into(),
        hold.pass_id.to_string().into(),
        i64::from(hold.ags.number()).into(),
        i64::from(hold.seats).into(),
        i64::from(hold.seats_booked).into(),
        i64::from(hold.renewals).into(),
        hold.held_at.unix_ms().into(),
        hold.expires_at.unix_ms().into(),
        hold.state.as_str().into(),
    ]
}

fn cancellation(cancellation: &Cancellation) -> [Value; 2] {
    [cancellation.booking.to_string().into(), cancellation.cancelled_at.unix_ms().into()]
}

fn booking(booking: &Booking) -> [Value; 13] {
    let registration = &booking.registration;
    let cancelled_at_ms = match booking.status {
        BookingStatus::Confirmed => 0,
        BookingStatus::Cancelled { at } => at.unix_ms(),
    };
    [
        registration.booking.to_string().into(),
        booking.campaign.as_str().into(),
        booking.slot.as_str().into(),
        booking.hold.map_or_else(String::new, |hold| hold.to_string()).into(),
        booking.pass_id.to_string().into(),
        i64::from(booking.ags.number()).into(),
        registration.person_key.0.to_vec().into(),
        person_to_json(&registration.person).into(),
        registration.code.as_str().into(),
        registration.manage_token_hash.0.to_vec().into(),
        status_name(booking.status).into(),
        booking.booked_at.unix_ms().into(),
        cancelled_at_ms.into(),
    ]
}

fn record(record: &IdempotencyRecord) -> [Value; 5] {
    let effect = serde_json::to_string(&record.effect).expect("an effect is always JSON");
    [
        record.key.to_vec().into(),
        record.fingerprint.to_vec().into(),
        record.campaign.as_str().into(),
        record.recorded_at.unix_ms().into(),
        effect.into(),
    ]
}
