//! The revisions of a campaign.

use booking::campaign::apply::NewRevision;
use booking::{ApplyCampaign, ChangeReason, Revision, RevisionActor};
use kernel::{CampaignId, Timestamp};
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::batch::Writer;
use crate::convert::{number, parse, unreadable};
use crate::fault::Fault;
use crate::store::Session;
use crate::tables::campaign_revision::{ActiveModel, Column, Entity, Model};

const READ: &str = "read the history of a campaign";

/// The entry of a plan that comes into force.
pub(super) fn entry(
    request: &ApplyCampaign,
    revision: &NewRevision,
    now: Timestamp,
    definition: String,
) -> Result<Model, Fault> {
    Ok(Model {
        campaign: request.plan.campaign().id.to_string(),
        number: number("revision", revision.number)?,
        applied_at_ms: now.unix_ms(),
        actor: request.actor.as_str().to_owned(),
        reason: request.reason.as_ref().map(|reason| reason.as_str().to_owned()),
        definition: Some(definition),
    })
}

/// Adds an entry.
pub(super) async fn add(writer: &Writer<'_>, entry: &Model) -> Result<(), Fault> {
    let row = ActiveModel {
        campaign: ActiveValue::Set(entry.campaign.clone()),
        number: ActiveValue::Set(entry.number),
        applied_at_ms: ActiveValue::Set(entry.applied_at_ms),
        actor: ActiveValue::Set(entry.actor.clone()),
        reason: ActiveValue::Set(entry.reason.clone()),
        definition: ActiveValue::Set(entry.definition.clone()),
    };
    Entity::insert(row)
        .exec_without_returning(writer.transaction)
        .await
        .map(|_| ())
        .map_err(Fault::at("add a revision"))
}

/// The number of the last entry; 0 if there is none.
pub(super) async fn last_number(
    database: &impl ConnectionTrait,
    campaign: &CampaignId,
) -> Result<u64, Fault> {
    let last: Option<i64> = Entity::find()
        .select_only()
        .column(Column::Number)
        .filter(Column::Campaign.eq(campaign.as_str()))
        .order_by_desc(Column::Number)
        .limit(1)
        .into_tuple()
        .one(database)
        .await
        .map_err(Fault::at(READ))?;
    last.map_or(Ok(0), |last| number("revision", last))
}

impl Session {
    pub(crate) async fn read_revisions(
        &self,
        campaign: &CampaignId,
    ) -> Result<Vec<Revision>, Fault> {
        let rows = Entity::find()
            .filter(Column::Campaign.eq(campaign.as_str()))
            .order_by_asc(Column::Number)
            .all(&self.pools.read)
            .await
            .map_err(Fault::at(READ))?;
        rows.into_iter().map(revision).collect()
    }
}

fn revision(row: Model) -> Result<Revision, Fault> {
    let actor = RevisionActor::from_stored(&row.actor);
    let reason = row.reason.map(|text| parse::<ChangeReason>("reason", &text)).transpose()?;
    Ok(Revision {
        number: number("revision", row.number)?,
        actor: actor.ok_or_else(|| unreadable("actor"))?,
        applied_at: Timestamp::from_unix_ms(row.applied_at_ms),
        reason,
        definition: row.definition,
    })
}
