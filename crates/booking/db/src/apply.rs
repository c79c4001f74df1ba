//! Putting campaigns into force and taking them out of it.

mod history;
mod purge;
mod remove;
mod standing;
mod told;

use std::collections::BTreeMap;

use booking::campaign::apply::{Judgement, NewRevision, Standing, judge};
use booking::{Applied, ApplyCampaign, CampaignPlan, SlotCounters, SlotId};
use kernel::Timestamp;
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, QueryFilter, TryInsertResult};

use crate::batch::Writer;
use crate::convert::number;
use crate::dialect::{self as cell, Rows};
use crate::fault::Fault;
use crate::statements::APPLIED_SLOTS;
use crate::tables::{campaign, slot};

pub(crate) use purge::PURGED;
pub(crate) use remove::remove;

const APPLY: &str = "apply a campaign";

/// Carries out the judgement on a plan within the writer's transaction. Nothing has been written when
/// it says so.
pub(crate) async fn apply(
    writer: &Writer<'_>,
    request: &ApplyCampaign,
    now: Timestamp,
) -> Result<Applied, Fault> {
    // Where two instances bring the same new campaign, the later one waits while inserting, and finds
    // it in force when it looks again.
    for _ in 0..2 {
        let standing = standing::of(writer, &request.plan).await?;
        let (revision, applied) = match judge(request, &standing, now) {
            Judgement::Leave(applied) => return Ok(applied),
            Judgement::Write(revision, applied) => (revision, applied),
        };
        let json = serde_json::to_string(request.plan.campaign());
        let json = json.expect("a campaign is always JSON");
        let is_new = !matches!(standing, Standing::InForce(_));
        if !write_campaign(writer, request, (&revision, is_new), &json, now).await? {
            continue;
        }
        write_slots(writer, &request.plan, &revision.counters).await?;
        delete_slots(writer, request, &revision.removed).await?;
        let (id, number) = (&request.plan.campaign().id, revision.number);
        history::add(writer, &history::entry(request, &revision, now, json)?).await?;
        let told = request.told(number, told::end(writer, id).await?, now);
        told::add(writer, &told).await?;
        told::note(writer, id, told.end()).await?;
        return Ok(applied);
    }
    Err(Fault::Unexpected("a campaign is neither in force nor missing".to_owned()))
}

/// Writes the definition; `false` if another instance has brought the campaign first.
async fn write_campaign(
    writer: &Writer<'_>,
    request: &ApplyCampaign,
    (revision, is_new): (&NewRevision, bool),
    json: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let row = campaign::ActiveModel {
        id: ActiveValue::Set(request.plan.campaign().id.to_string()),
        revision: ActiveValue::Set(number("revision", revision.number)?),
        applied_at_ms: ActiveValue::Set(now.unix_ms()),
        definition: ActiveValue::Set(json.to_owned()),
        sequence: if is_new { ActiveValue::Set(0) } else { ActiveValue::NotSet },
        event_number: if is_new { ActiveValue::Set(0) } else { ActiveValue::NotSet },
        event_hash: ActiveValue::NotSet,
    };
    if !is_new {
        campaign::Entity::update(row).exec(writer.transaction).await.map_err(Fault::at(APPLY))?;
        writer.touch(&request.plan.campaign().id).await?;
        return Ok(true);
    }
    let inserted = campaign::Entity::insert(row)
        .on_conflict_do_nothing_on([campaign::Column::Id])
        .exec_without_returning(writer.transaction)
        .await
        .map_err(Fault::at(APPLY))?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
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
            cell::number(counters.reserved),
        ]
    });
    let rows = Rows::collect(writer.backend, APPLIED_SLOTS, rows);
    writer.set("write the slots of a campaign", &writer.statements.apply_slots, rows).await
}

async fn delete_slots(
    writer: &Writer<'_>,
    request: &ApplyCampaign,
    removed: &[SlotId],
) -> Result<(), Fault> {
    if removed.is_empty() {
        return Ok(());
    }
    slot::Entity::delete_many()
        .filter(slot::Column::Campaign.eq(request.plan.campaign().id.as_str()))
        .filter(slot::Column::Id.is_in(removed.iter().map(SlotId::as_str)))
        .exec(writer.transaction)
        .await
        .map(|_| ())
        .map_err(Fault::at("delete slots that nobody used"))
}
