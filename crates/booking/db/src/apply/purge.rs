//! Purging a campaign's personal data, one short transaction after the other.

use booking::{PurgeCampaign, PurgeStep};
use kernel::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue, ConnectionTrait, DatabaseTransaction, EntityTrait, Statement, Value};

use super::{standing, told};
use crate::batch::definition;
use crate::fault::Fault;
use crate::store::{Session, end};
use crate::tables::{campaign, campaign_key, campaign_purge};

const PURGE: &str = "purge the personal data of a campaign";

/// A table with rows of persons.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purged {
    table: &'static str,
    key: &'static str,
    /// What is indexed of the campaign's name.
    campaign: &'static str,
}

/// The tables that a purge empties of a campaign, in this order: whoever cancels meanwhile leaves a reply, so these come
/// after the bookings.
pub(crate) const PURGED: [Purged; 7] = [
    Purged { table: "booking", key: "id", campaign: "campaign" },
    Purged { table: "hold", key: "id", campaign: "campaign || ''" },
    Purged { table: "pass_use", key: "pass_id", campaign: "campaign || ''" },
    Purged { table: "idempotency", key: "key", campaign: "campaign || ''" },
    Purged { table: "offer", key: "id", campaign: "campaign" },
    Purged { table: "waitlist_entry", key: "id", campaign: "campaign" },
    Purged { table: "mail", key: "number", campaign: "campaign" },
];

impl Purged {
    /// The statement that deletes some of its rows.
    pub fn template(self) -> String {
        let Self { table, key, campaign } = self;
        format!(
            "DELETE FROM {table} WHERE {key} {{among}} \
             SELECT {key} FROM {table} WHERE {campaign} = {{campaign}} LIMIT {{rows_max}} {{/among}} \
             AND campaign = {{campaign}}"
        )
    }
}

impl Session {
    pub(crate) async fn purge_step(
        &self,
        request: &PurgeCampaign,
        now: Timestamp,
    ) -> Result<PurgeStep, Fault> {
        let transaction = self.begin().await?;
        let step = self.purge_in(&transaction, request, now).await;
        let step = end(transaction, step).await?;
        // Its key may still be at hand in this process.
        self.vault.forget(&request.campaign);
        Ok(step)
    }

    async fn purge_in(
        &self,
        transaction: &DatabaseTransaction,
        request: &PurgeCampaign,
        now: Timestamp,
    ) -> Result<PurgeStep, Fault> {
        let writer = self.writer(transaction);
        let Some(row) = standing::locked(&writer, &request.campaign).await? else {
            return Ok(PurgeStep::NotFound);
        };
        let purge = campaign_purge::Entity::find_by_id(row.id.clone()).one(transaction).await;
        match purge.map_err(Fault::at(PURGE))? {
            Some(purge) if purge.ended_at_ms.is_none() => {
                self.purge_rows(transaction, request, &row, now).await
            }
            Some(purge) if purge.revision == row.revision => Ok(PurgeStep::Purged),
            _ => {
                if let Some(not_due) = request.judge(&definition(&row.definition)?, now) {
                    return Ok(not_due);
                }
                note(transaction, &row, now, None).await?;
                campaign_key::Entity::delete_by_id(row.id)
                    .exec(transaction)
                    .await
                    .map_err(Fault::at(PURGE))?;
                writer.touch(&request.campaign).await?;
                Ok(PurgeStep::GoesOn { rows: 0 })
            }
        }
    }

    /// Deletes rows of the first table that has some, or tells that there are none.
    async fn purge_rows(
        &self,
        transaction: &DatabaseTransaction,
        request: &PurgeCampaign,
        row: &campaign::Model,
        now: Timestamp,
    ) -> Result<PurgeStep, Fault> {
        let writer = self.writer(transaction);
        for sql in &self.statements.purge {
            let values: [Value; 2] = [row.id.as_str().into(), i64::from(request.rows_max).into()];
            let delete = Statement::from_sql_and_values(self.pools.backend, sql, values);
            let deleted = transaction.execute_raw(delete).await.map_err(Fault::at(PURGE))?;
            if deleted.rows_affected() > 0 {
                // What instances remember of the campaign is out of date.
                writer.touch(&request.campaign).await?;
                return Ok(PurgeStep::GoesOn { rows: deleted.rows_affected() });
            }
        }
        note(transaction, row, now, Some(now)).await?;
        let link = request.told(told::end(&writer, &request.campaign).await?, now);
        told::add(&writer, &link).await?;
        told::note(&writer, &request.campaign, link.end()).await?;
        writer.touch(&request.campaign).await?;
        Ok(PurgeStep::Purged)
    }
}

/// Notes that the purge has begun, or ended.
async fn note(
    transaction: &DatabaseTransaction,
    row: &campaign::Model,
    now: Timestamp,
    ended: Option<Timestamp>,
) -> Result<(), Fault> {
    use campaign_purge::{ActiveModel, Column, Entity};
    let mut changed = vec![Column::Revision, Column::EndedAtMs];
    if ended.is_none() {
        changed.push(Column::BegunAtMs);
    }
    let note = ActiveModel {
        campaign: ActiveValue::Set(row.id.clone()),
        revision: ActiveValue::Set(row.revision),
        begun_at_ms: ActiveValue::Set(now.unix_ms()),
        ended_at_ms: ActiveValue::Set(ended.map(Timestamp::unix_ms)),
    };
    let noted = Entity::insert(note)
        .on_conflict(OnConflict::column(Column::Campaign).update_columns(changed).to_owned())
        .exec_without_returning(transaction)
        .await;
    noted.map(|_| ()).map_err(Fault::at(PURGE))
}
