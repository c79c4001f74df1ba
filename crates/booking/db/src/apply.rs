//! Putting a campaign plan in force.

use std::collections::BTreeMap;

use booking::{Applied, CampaignPlan, SlotCounters, SlotId};
use kernel::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DatabaseTransaction, DbBackend, EntityTrait,
    QueryFilter, QuerySelect, TryInsertResult,
};

use crate::batch::Writer;
use crate::batch::definition;
use crate::convert::{number, parse, unreadable};
use crate::dialect::{self as cell, Rows};
use crate::fault::Fault;
use crate::statements::APPLIED_SLOTS;
use crate::tables as entity;

const APPLY: &str = "apply a campaign";

/// Applies `plan` within the writer's transaction. Nothing has been written when it is refused.
pub(crate) async fn apply(
    writer: &Writer<'_>,
    plan: &CampaignPlan,
    now: Timestamp,
) -> Result<Applied, Fault> {
    let campaign = plan.campaign();
    let json = serde_json::to_string(campaign).expect("a campaign is always JSON");
    // Inserting first makes two instances that bring the same new campaign wait for each other.
    let row = entity::campaign::ActiveModel {
        id: ActiveValue::Set(campaign.id.to_string()),
        revision: ActiveValue::Set(1),
        applied_at_ms: ActiveValue::Set(now.unix_ms()),
        definition: ActiveValue::Set(json.clone()),
    };
    let inserted = entity::campaign::Entity::insert(row)
        .on_conflict_do_nothing_on([entity::campaign::Column::Id])
        .exec_without_returning(writer.transaction)
        .await
        .map_err(Fault::at(APPLY))?;
    if let TryInsertResult::Inserted(1) = inserted {
        let Ok(counters) = plan.counters_at(&BTreeMap::new(), now) else {
            return Err(Fault::Unexpected("a plan refuses to be the first one".to_owned()));
        };
        write_slots(writer, plan, &counters).await?;
        return Ok(Applied::Created);
    }
    replace(writer, plan, json, now).await
}

async fn replace(
    writer: &Writer<'_>,
    plan: &CampaignPlan,
    json: String,
    now: Timestamp,
) -> Result<Applied, Fault> {
    let campaign = plan.campaign();
    let mut find = entity::campaign::Entity::find()
        .filter(entity::campaign::Column::Id.eq(campaign.id.as_str()));
    if writer.backend == DbBackend::Postgres {
        find = find.lock(sea_orm::sea_query::LockType::NoKeyUpdate);
    }
    let row = find.one(writer.transaction).await.map_err(Fault::at(APPLY))?;
    let row = row.ok_or_else(|| unreadable("campaign"))?;
    if definition(&row.definition)? == *campaign {
        return Ok(Applied::Unchanged);
    }
    let in_force = counters_in_force(writer.transaction, campaign.id.as_str()).await?;
    let counters = match plan.counters_at(&in_force, now) {
        Ok(counters) => counters,
        Err(problem) => return Ok(Applied::Refused(problem)),
    };
    let row = entity::campaign::ActiveModel {
        id: ActiveValue::Unchanged(row.id),
        revision: ActiveValue::Set(row.revision + 1),
        applied_at_ms: ActiveValue::Set(now.unix_ms()),
        definition: ActiveValue::Set(json),
    };
    row.update(writer.transaction).await.map_err(Fault::at(APPLY))?;
    write_slots(writer, plan, &counters).await?;
    Ok(Applied::Updated)
}

async fn counters_in_force(
    transaction: &DatabaseTransaction,
    campaign: &str,
) -> Result<BTreeMap<SlotId, SlotCounters>, Fault> {
    let rows = entity::slot::Entity::find()
        .filter(entity::slot::Column::Campaign.eq(campaign))
        .all(transaction)
        .await
        .map_err(Fault::at(APPLY))?;
    rows.iter()
        .map(|row| {
            let counters = SlotCounters {
                taken: number("taken", row.taken)?,
                released: number("released", row.released)?,
            };
            Ok((parse("slot id", &row.id)?, counters))
        })
        .collect()
}

async fn write_slots(
    writer: &Writer<'_>,
    plan: &CampaignPlan,
    counters: &BTreeMap<SlotId, SlotCounters>,
) -> Result<(), Fault> {
    let campaign = plan.campaign();
    let rows = campaign.slots.iter().map(|slot| {
        let counters = counters.get(&slot.id).copied().unwrap_or_default();
        [
            cell::text(campaign.id.as_str()),
            cell::text(slot.id.as_str()),
            cell::number(slot.capacity),
            cell::number(counters.released),
            cell::number(counters.taken),
        ]
    });
    let rows = Rows::collect(writer.backend, APPLIED_SLOTS, rows);
    writer.set("write the slots of a campaign", &writer.statements.apply_slots, rows).await
}
