//! Keeping a confirmation that was asked for again.

use booking::mail::resend::{self, Verdict};
use booking::{BookingId, Resent};
use kernel::Timestamp;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use super::{OF_BOOKING_MAX, key_of};
use crate::fault::Fault;
use crate::store::{Session, end};
use crate::tables::mail;

const RESEND: &str = "keep a letter that was asked for again";

impl Session {
    pub(crate) async fn resend(
        &self,
        booking: BookingId,
        request: [u8; 32],
        now: Timestamp,
    ) -> Result<Resent, Fault> {
        let transaction = self.begin().await?;
        let resent = self.resend_within(&transaction, booking, request, now).await;
        end(transaction, resent).await
    }

    /// Of two that decide on the same copy one is told that it is there, and finds it under way when it looks again.
    async fn resend_within(
        &self,
        transaction: &DatabaseTransaction,
        booking: BookingId,
        request: [u8; 32],
        now: Timestamp,
    ) -> Result<Resent, Fault> {
        let find = mail::Entity::find()
            .filter(mail::Column::About.eq(booking.as_bytes().to_vec()))
            .limit(OF_BOOKING_MAX);
        let rows = find.all(transaction).await.map_err(Fault::at(RESEND))?;
        if rows.iter().any(|row| row.request_key.as_deref() == Some(&request)) {
            return Ok(Resent::Pending);
        }
        let mails = rows.iter().map(|row| mail::from_row(row, None));
        let mails = mails.collect::<Result<Vec<_>, _>>()?;
        let id = match resend::judge(&mails, now) {
            Verdict::Send(id) => id,
            Verdict::UnderWay => return Ok(Resent::Pending),
            Verdict::TooSoon(from) => return Ok(Resent::TooSoon(from)),
            Verdict::TooOften => return Ok(Resent::TooOften),
        };
        let mut values = key_of(&id)?;
        values.extend([
            booking.as_bytes().to_vec().into(),
            i32::from(id.kind.rank()).into(),
            now.unix_ms().into(),
            request.to_vec().into(),
        ]);
        let sql = "INSERT INTO mail (campaign, number, kind, copy, about, rank, status, \
                   made_at_ms, due_at_ms, attempts, request_key) \
                   VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $7, 0, $8)";
        self.run(transaction, RESEND, sql, values).await?;
        Ok(Resent::Pending)
    }
}
