//! Making letters of what has happened.

use std::sync::Arc;

use booking::mail::follow;
use booking::{Campaign, Followed, Link, MailRules, NewMail};
use kernel::CampaignId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Value,
};

use super::READ;
use crate::batch::Version;
use crate::convert::{number, parse};
use crate::dialect::Rows;
use crate::fault::Fault;
use crate::store::{Session, end};
use crate::tables::{event, mail, reader};

const FOLLOW: &str = "follow events to their letters";

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
}
