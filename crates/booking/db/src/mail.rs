//! Letters: followed from events, lent to who sends them, settled.

use std::fmt::Write as _;
use std::sync::Arc;

use booking::mail::resend::{self, Verdict};
use booking::mail::{MailStatus, follow};
use booking::{
    BookingId, Campaign, Followed, Lease, LeaseId, Link, Mail, MailEnd, MailId, MailKind,
    MailRules, NewMail, Reason, Resent, Settlement,
};
use kernel::{CampaignId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Value,
};

use crate::batch::Version;
use crate::convert::{bytes_16, number, parse};
use crate::dialect::Rows;
use crate::fault::Fault;
use crate::store::{Session, end};
use crate::tables::{event, mail, reader};
use crate::vault::Place;

const FOLLOW: &str = "follow events to their letters";
const LEND: &str = "lend letters";
const SETTLE: &str = "settle letters";
const READ: &str = "read letters";
const RESEND: &str = "keep a letter that was asked for again";

#[derive(FromQueryResult)]
struct InForce {
    revision: i64,
    applied_at_ms: i64,
}

impl Session {
    pub(crate) async fn read_news(&self) -> Result<Vec<CampaignId>, Fault> {
        let sql = "SELECT campaign.id AS id FROM campaign \
             LEFT JOIN reader ON reader.name = $1 AND reader.campaign = campaign.id \
             WHERE campaign.event_number > COALESCE(reader.number, 0) ORDER BY campaign.id";
        let find = self.statement(sql, [reader::MAIL.into()]);
        let rows = self.pools.read.query_all_raw(find).await.map_err(Fault::at(READ))?;
        let ids = rows.iter().map(|row| {
            let id: String = row.try_get("", "id").map_err(Fault::at(READ))?;
            parse("campaign id", &id)
        });
        ids.collect()
    }

    pub(crate) async fn follow(
        &self,
        campaign: &CampaignId,
        rules: &MailRules,
        links_max: u32,
    ) -> Result<Followed, Fault> {
        let transaction = self.begin().await?;
        let followed = self.follow_within(&transaction, campaign, rules, links_max).await;
        end(transaction, followed).await
    }

    /// Whoever follows the same events at the same time waits for the row of the reader.
    async fn follow_within(
        &self,
        transaction: &DatabaseTransaction,
        campaign: &CampaignId,
        rules: &MailRules,
        links_max: u32,
    ) -> Result<Followed, Fault> {
        let key: [Value; 2] = [reader::MAIL.into(), campaign.as_str().into()];
        let begin = "INSERT INTO reader (name, campaign, number) VALUES ($1, $2, 0) \
                     ON CONFLICT (name, campaign) DO NOTHING";
        self.run(transaction, FOLLOW, begin, key.clone()).await?;
        // SQLite's transaction has the whole file.
        let read = reader::Entity::find_by_id((reader::MAIL.to_owned(), campaign.to_string()))
            .lock_exclusive()
            .one(transaction)
            .await
            .map_err(Fault::at(FOLLOW))?;
        let read = read.ok_or_else(|| Fault::Unexpected("the reader is gone".to_owned()))?;
        let links = self.links_after(transaction, campaign, read.number, links_max).await?;
        let Some(last) = links.last().map(|link| link.last) else {
            return Ok(Followed { mails: 0, more: false });
        };
        let definition = self.in_force(transaction, campaign).await?;
        let after = number("number of an event", read.number)?;
        let mut new: Vec<NewMail> = Vec::new();
        for link in &links {
            new.extend(follow(link, after, definition.as_deref(), rules));
        }
        let mails = self.insert_mails(transaction, &new).await?;
        let advance = "UPDATE reader SET number = $3 WHERE name = $1 AND campaign = $2";
        let [name, campaign] = key;
        self.run(transaction, FOLLOW, advance, [name, campaign, event::number(last)?.into()])
            .await?;
        Ok(Followed { mails, more: links.len() as u64 >= u64::from(links_max) })
    }

    pub(crate) async fn links_after(
        &self,
        transaction: &DatabaseTransaction,
        campaign: &CampaignId,
        after: i64,
        links_max: u32,
    ) -> Result<Vec<Link>, Fault> {
        let rows = event::Entity::find()
            .filter(event::Column::Campaign.eq(campaign.as_str()))
            .filter(event::Column::LastNumber.gt(after))
            .order_by_asc(event::Column::LastNumber)
            .limit(u64::from(links_max))
            .all(transaction)
            .await
            .map_err(Fault::at(FOLLOW))?;
        rows.into_iter().map(event::from_row).collect()
    }

    /// The campaign as it is in force; `None` if it was removed.
    async fn in_force(
        &self,
        transaction: &DatabaseTransaction,
        id: &CampaignId,
    ) -> Result<Option<Arc<Campaign>>, Fault> {
        let sql = "SELECT revision, applied_at_ms FROM campaign WHERE id = $1";
        loop {
            let find = self.statement(sql, [id.as_str().into()]);
            let row = InForce::find_by_statement(find).one(transaction).await;
            let Some(row) = row.map_err(Fault::at(FOLLOW))? else { return Ok(None) };
            let version = Version { revision: row.revision, applied_at_ms: row.applied_at_ms };
            // If it was replaced in between, there is a newer one.
            if let Some(found) = self.cache.campaign(transaction, id, version).await? {
                return Ok(Some(found));
            }
        }
    }

    async fn insert_mails(
        &self,
        transaction: &DatabaseTransaction,
        new: &[NewMail],
    ) -> Result<u64, Fault> {
        if new.is_empty() {
            return Ok(0);
        }
        let rows = new.iter().map(mail::to_row).collect::<Result<Vec<_>, _>>()?;
        let mut values = Vec::new();
        Rows::collect(self.pools.backend, mail::NEW, rows).bind(&mut values);
        self.run(transaction, FOLLOW, &self.statements.mail.insert, values).await
    }

    pub(crate) async fn lend(&self, lease: &Lease) -> Result<Vec<Mail>, Fault> {
        let transaction = self.begin().await?;
        let lent = self.lend_within(&transaction, lease).await;
        end(transaction, lent).await
    }

    async fn lend_within(
        &self,
        transaction: &DatabaseTransaction,
        lease: &Lease,
    ) -> Result<Vec<Mail>, Fault> {
        let mut lent = Vec::new();
        for rank in 0..MailKind::RANKS {
            let wanted = u64::from(lease.mails_max).saturating_sub(lent.len() as u64);
            if wanted == 0 {
                break;
            }
            let values: [Value; 5] = [
                lease.id.0.to_vec().into(),
                lease.until.unix_ms().into(),
                i32::from(rank).into(),
                lease.from.unix_ms().into(),
                number::<_, i64>("number of letters", wanted)?.into(),
            ];
            let find = self.statement(&self.statements.mail.lease, values);
            let rows = mail::Model::find_by_statement(find).all(transaction).await;
            let rows = rows.map_err(Fault::at(LEND))?;
            let mut of_rank = Vec::with_capacity(rows.len());
            for row in rows {
                of_rank.extend(self.readable(transaction, row).await);
            }
            of_rank.sort_by(|a, b| (a.made_at, &a.id).cmp(&(b.made_at, &b.id)));
            lent.append(&mut of_rank);
        }
        Ok(lent)
    }

    pub(crate) async fn settle(&self, settlements: &[Settlement]) -> Result<(), Fault> {
        let transaction = self.begin().await?;
        let settled = async {
            for settlement in settlements {
                self.settle_one(&transaction, settlement).await?;
            }
            Ok(())
        };
        let settled = settled.await;
        end(transaction, settled).await
    }

    async fn settle_one(
        &self,
        transaction: &DatabaseTransaction,
        settlement: &Settlement,
    ) -> Result<(), Fault> {
        let Settlement { id, lease, at, end } = settlement;
        let mut values = key_of(id)?;
        let reason = end.reason().map(|reason| reason.as_str().to_owned());
        values.push(reason.into());
        let set = if let MailEnd::Later { due_at, .. } = end {
            values.push(due_at.unix_ms().into());
            "reason = $5, due_at_ms = $6, lease = NULL"
        } else {
            values.extend([at.unix_ms().into(), end.status().as_str().into()]);
            "reason = $5, settled_at_ms = $6, status = $7, lease = NULL, recipient = NULL"
        };
        let mut sql = format!("UPDATE mail SET {set} WHERE {OF_KEY} AND status = 'pending'");
        if *end != MailEnd::Sent {
            let LeaseId(lease) = lease;
            values.push(lease.to_vec().into());
            let _infallible = write!(sql, " AND lease = ${}", values.len());
        }
        self.run(transaction, SETTLE, &sql, values).await.map(|_| ())
    }

    pub(crate) async fn read_mails_of(&self, booking: BookingId) -> Result<Vec<Mail>, Fault> {
        let find = mail::Entity::find()
            .filter(mail::Column::Booking.eq(booking.as_bytes().to_vec()))
            .limit(OF_BOOKING_MAX);
        let rows = find.all(&self.pools.read).await.map_err(Fault::at(READ))?;
        self.opened_mails(rows).await
    }

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
            .filter(mail::Column::Booking.eq(booking.as_bytes().to_vec()))
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
        let sql = "INSERT INTO mail (campaign, number, kind, copy, booking, rank, status, \
                   made_at_ms, due_at_ms, attempts, request_key) \
                   VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $7, 0, $8)";
        self.run(transaction, RESEND, sql, values).await?;
        Ok(Resent::Pending)
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
            "UPDATE mail SET status = 'bounced', reason = $5, settled_at_ms = $6, lease = NULL, \
             recipient = NULL WHERE {OF_KEY} AND attempts > 0 AND status <> 'dropped'"
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
        let booking = BookingId::from_bytes(bytes_16("booking id", &row.booking)?);
        let place = Place::of_booking(&campaign, &booking);
        let person = self.vault.open_person(database, &place, &recipient.0).await?;
        mail::from_row(&row, person)
    }

    /// One that cannot be read takes no other with it (P20); its lease runs out, and it is tried again.
    async fn readable(&self, database: &impl ConnectionTrait, row: mail::Model) -> Option<Mail> {
        let (campaign, number) = (row.campaign.clone(), row.number);
        let mail = self.opened_mail(database, row).await.ok();
        if mail.is_none() {
            tracing::error!(campaign, number, "a stored letter is unreadable");
        }
        mail
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
