//! What is known of a campaign's name before a plan is applied, with the campaign locked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use booking::campaign::apply::{SlotInForce, Standing};
use booking::{CampaignPlan, InForce, SlotId};
use kernel::CampaignId;
use sea_orm::sea_query::{Expr, ExprTrait, LockType};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbBackend, EntityTrait, PaginatorTrait, QueryFilter,
    QuerySelect,
};

use super::{APPLY, history};
use crate::batch::Writer;
use crate::batch::definition;
use crate::convert::{number, parse};
use crate::fault::Fault;
use crate::tables::{booking as bookings, campaign, hold, offer, slot, waitlist_entry};

/// The campaign of this name, locked until the transaction ends.
pub(super) async fn locked(
    writer: &Writer<'_>,
    id: &CampaignId,
) -> Result<Option<campaign::Model>, Fault> {
    let mut find = campaign::Entity::find().filter(campaign::Column::Id.eq(id.as_str()));
    if writer.backend == DbBackend::Postgres {
        find = find.lock(LockType::NoKeyUpdate);
    }
    find.one(writer.transaction).await.map_err(Fault::at(APPLY))
}

/// What a plan is judged against.
pub(super) async fn of(writer: &Writer<'_>, plan: &CampaignPlan) -> Result<Standing, Fault> {
    let id = &plan.campaign().id;
    // Read before the campaign: one that another instance brings in between is then in force, not removed.
    let last_number = history::last_number(writer.transaction, id).await?;
    let Some(row) = locked(writer, id).await? else {
        return Ok(match last_number {
            0 => Standing::Missing,
            revision => Standing::Removed { revision },
        });
    };
    let slots = slots(writer.transaction, id).await?;
    let lacking: Vec<&SlotId> =
        slots.keys().filter(|slot| plan.campaign().slot(slot).is_none()).collect();
    let remembered = remembered(writer.transaction, id, &lacking).await?;
    let waiting = waiting(writer.transaction, id).await?;
    Ok(Standing::InForce(InForce {
        revision: number("revision", row.revision)?,
        campaign: Arc::new(definition(&row.definition)?),
        slots,
        waiting,
        remembered,
    }))
}

async fn slots(
    transaction: &DatabaseTransaction,
    id: &CampaignId,
) -> Result<BTreeMap<SlotId, SlotInForce>, Fault> {
    let rows = slot::Entity::find().filter(slot::Column::Campaign.eq(id.as_str()));
    let rows = rows.all(transaction).await.map_err(Fault::at(APPLY))?;
    let open_seats = Expr::col(hold::Column::Seats).sub(Expr::col(hold::Column::SeatsBooked));
    let held: Vec<(String, i64)> = hold::Entity::find()
        .select_only()
        .column(hold::Column::Slot)
        .column_as(open_seats.sum(), "held")
        .filter(hold::Column::Campaign.eq(id.as_str()))
        .filter(hold::Column::State.eq(booking::HoldState::Active.as_str()))
        .group_by(hold::Column::Slot)
        .into_tuple()
        .all(transaction)
        .await
        .map_err(Fault::at(APPLY))?;
    let held: BTreeMap<String, i64> = held.into_iter().collect();
    rows.iter()
        .map(|row| {
            let counters = slot::counters(row)?;
            let held = number("seats held", held.get(&row.id).copied().unwrap_or_default())?;
            Ok((parse("slot id", &row.id)?, SlotInForce { counters, held }))
        })
        .collect()
}

/// Persons on the waitlist.
async fn waiting(transaction: &DatabaseTransaction, id: &CampaignId) -> Result<u32, Fault> {
    let waiting = waitlist_entry::Entity::find()
        .filter(waitlist_entry::Column::Campaign.eq(id.as_str()))
        .filter(waitlist_entry::Column::State.eq(booking::EntryState::Waiting.as_str()))
        .count(transaction)
        .await
        .map_err(Fault::at(APPLY))?;
    number("number of people who wait", waiting)
}

/// Which of these slots a hold, a booking or an offer refers to. O(bookings of the campaign), and asked only
/// where a plan lacks slots.
async fn remembered(
    transaction: &DatabaseTransaction,
    id: &CampaignId,
    lacking: &[&SlotId],
) -> Result<BTreeSet<SlotId>, Fault> {
    if lacking.is_empty() {
        return Ok(BTreeSet::new());
    }
    let names = || lacking.iter().map(|slot| slot.as_str());
    let held: Vec<String> = hold::Entity::find()
        .select_only()
        .column(hold::Column::Slot)
        .distinct()
        .filter(hold::Column::Campaign.eq(id.as_str()))
        .filter(hold::Column::Slot.is_in(names()))
        .into_tuple()
        .all(transaction)
        .await
        .map_err(Fault::at(APPLY))?;
    let booked: Vec<String> = bookings::Entity::find()
        .select_only()
        .column(bookings::Column::Slot)
        .distinct()
        .filter(bookings::Column::Campaign.eq(id.as_str()))
        .filter(bookings::Column::Slot.is_in(names()))
        .into_tuple()
        .all(transaction)
        .await
        .map_err(Fault::at(APPLY))?;
    let offered: Vec<String> = offer::Entity::find()
        .select_only()
        .column(offer::Column::Slot)
        .distinct()
        .filter(offer::Column::Campaign.eq(id.as_str()))
        .filter(offer::Column::Slot.is_in(names()))
        .into_tuple()
        .all(transaction)
        .await
        .map_err(Fault::at(APPLY))?;
    held.iter().chain(&booked).chain(&offered).map(|slot| parse("slot id", slot)).collect()
}
