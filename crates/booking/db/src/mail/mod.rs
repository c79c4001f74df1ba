//! Letters: followed from events, lent to who sends them, settled.

mod follow;
mod lend;
mod resend;

use booking::{BookingId, Mail, MailAbout, MailId, MailStatus, Reason};
use kernel::{CampaignId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value,
};

use crate::convert::{number, parse, unreadable};
use crate::fault::Fault;
use crate::store::Session;
use crate::tables::{event, mail};
use crate::vault::Place;

const SETTLE: &str = "settle letters";
const READ: &str = "read letters";

impl Session {
    pub(crate) async fn read_mails_of(&self, booking: BookingId) -> Result<Vec<Mail>, Fault> {
        let find = mail::Entity::find()
            .filter(mail::Column::About.eq(booking.as_bytes().to_vec()))
            .limit(OF_BOOKING_MAX);
        let rows = find.all(&self.pools.read).await.map_err(Fault::at(READ))?;
        self.opened_mails(rows).await
    }

    pub(crate) async fn note_report(
        &self,
        id: &MailId,
        reason: &Reason,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        let mut values = key_of(id)?;
        values.extend([reason.as_str().to_owned().into(), at.unix_ms().into()]);
        let sql = format!(
            "UPDATE mail SET status = 'bounced', reason = $5, settled_at_ms = $6 \
             WHERE {OF_KEY} AND status IN ('sent', 'failed', 'bounced')"
        );
        let note = self.statement(&sql, values);
        let noted = self.pools.write.execute_raw(note).await.map_err(Fault::at(SETTLE))?;
        Ok(noted.rows_affected() > 0)
    }

    pub(crate) async fn read_failed_mails(
        &self,
        campaign: &CampaignId,
        after: Option<&MailId>,
        mails_max: u32,
    ) -> Result<Vec<Mail>, Fault> {
        use mail::Column;
        let statuses = [MailStatus::Failed, MailStatus::Bounced].map(MailStatus::as_str);
        let mut find = mail::Entity::find()
            .filter(Column::Campaign.eq(campaign.as_str()))
            .filter(Column::Status.is_in(statuses));
        if let Some(after) = after {
            let key = [Column::Number, Column::Kind, Column::Copy].map(Expr::col);
            let key = Expr::tuple(key);
            let number = event::number(after.number)?;
            let copy = i32::from(after.copy);
            let after =
                Expr::tuple([Expr::val(number), Expr::val(after.kind.as_str()), Expr::val(copy)]);
            find = find.filter(ExprTrait::gt(key, after));
        }
        let rows = find
            .order_by_asc(Column::Number)
            .order_by_asc(Column::Kind)
            .order_by_asc(Column::Copy)
            .limit(u64::from(mails_max))
            .all(&self.pools.read)
            .await
            .map_err(Fault::at(READ))?;
        self.opened_mails(rows).await
    }

    async fn opened_mails(&self, rows: Vec<mail::Model>) -> Result<Vec<Mail>, Fault> {
        let mut mails = Vec::with_capacity(rows.len());
        for row in rows {
            mails.push(self.opened_mail(&self.pools.read, row).await?);
        }
        Ok(mails)
    }

    /// The letter of a row, with the recipient who is sealed in it as in the booking.
    async fn opened_mail(
        &self,
        database: &impl ConnectionTrait,
        row: mail::Model,
    ) -> Result<Mail, Fault> {
        let Some(recipient) = row.recipient.clone() else { return mail::from_row(&row, None) };
        let campaign: CampaignId = parse("campaign id", &row.campaign)?;
        let MailAbout::Booking(booking) = mail::about(&row)? else {
            return Err(unreadable("whom a letter is to"));
        };
        let place = Place::of_booking(&campaign, &booking);
        let person = self.vault.open_person(database, &place, &recipient.0).await?;
        mail::from_row(&row, person)
    }

    pub(crate) async fn count_mails_due(&self, now: Timestamp) -> Result<u64, Fault> {
        let sql = "SELECT COUNT(*) AS count FROM mail WHERE status = 'pending' AND due_at_ms <= $1";
        let count = self.statement(sql, [now.unix_ms().into()]);
        let row = self.pools.read.query_one_raw(count).await.map_err(Fault::at(READ))?;
        let row = row.ok_or_else(|| Fault::Unexpected("no count of letters".to_owned()))?;
        let count: i64 = row.try_get("", "count").map_err(Fault::at(READ))?;
        number("number of letters", count)
    }
}

const OF_KEY: &str = "campaign = $1 AND number = $2 AND kind = $3 AND copy = $4";

/// More letters than anybody can cause about one booking.
const OF_BOOKING_MAX: u64 = 1_000;

fn key_of(id: &MailId) -> Result<Vec<Value>, Fault> {
    let number = event::number(id.number)?;
    let copy = i32::from(id.copy);
    Ok(vec![id.campaign.as_str().into(), number.into(), id.kind.as_str().into(), copy.into()])
}
