//! Taking a campaign out of force, with everything in it.

use booking::{BookingStatus, Intent, RemoveCampaign, Removed};
use kernel::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, Statement};

use super::{history, standing, told};
use crate::batch::Writer;
use crate::convert::number;
use crate::fault::Fault;
use crate::tables::{
    booking as bookings, campaign, campaign_key, campaign_purge, campaign_revision, hold,
    idempotency, mail, offer, pass_use, reader, slot, waitlist_entry,
};

const REMOVE: &str = "remove a campaign";

/// A reader that has not come to the campaign yet finds a campaign that is gone by its own row.
const BEGIN_READERS: &str = "
INSERT INTO reader (name, campaign, number) SELECT $1 || name, $2, 0 FROM webhook_endpoint WHERE true
ON CONFLICT (name, campaign) DO NOTHING";

/// Removes a campaign within the writer's transaction.
pub(crate) async fn remove(
    writer: &Writer<'_>,
    request: &RemoveCampaign,
    now: Timestamp,
) -> Result<Removed, Fault> {
    let Some(row) = standing::locked(writer, &request.campaign).await? else {
        return Ok(Removed::NotFound);
    };
    let active = bookings::Entity::find()
        .filter(bookings::Column::Campaign.eq(row.id.as_str()))
        .filter(bookings::Column::Status.eq(bookings::status_name(BookingStatus::Confirmed)))
        .count(writer.transaction)
        .await
        .map_err(Fault::at(REMOVE))?;
    let removed = request.judge(number("revision", row.revision)?, active);
    let (Removed::Removed { revision, bookings }, Intent::Apply) = (removed, request.intent) else {
        return Ok(removed);
    };
    delete(writer, &row.id).await?;
    begin_readers(writer, &row.id).await?;
    let entry = campaign_revision::Model {
        campaign: row.id,
        number: number("revision", revision)?,
        applied_at_ms: now.unix_ms(),
        actor: request.actor.as_str().to_owned(),
        reason: request.reason.as_ref().map(|reason| reason.as_str().to_owned()),
        definition: None,
    };
    history::add(writer, &entry).await?;
    let end = told::end(writer, &request.campaign).await?;
    told::add(writer, &request.told(revision, bookings, end, now)).await?;
    Ok(removed)
}

async fn begin_readers(writer: &Writer<'_>, id: &str) -> Result<(), Fault> {
    let values = [reader::OF_ENDPOINT.into(), id.into()];
    let begin = Statement::from_sql_and_values(writer.backend, BEGIN_READERS, values);
    let done = writer.transaction.execute_raw(begin).await;
    done.map(|_| ()).map_err(Fault::at(REMOVE))
}

/// Everything that names the campaign but its history, revisions and events; the slots before the campaign they refer to.
async fn delete(writer: &Writer<'_>, id: &str) -> Result<(), Fault> {
    delete_from::<idempotency::Entity>(writer, idempotency::Column::Campaign.eq(id)).await?;
    delete_from::<mail::Entity>(writer, mail::Column::Campaign.eq(id)).await?;
    delete_from::<bookings::Entity>(writer, bookings::Column::Campaign.eq(id)).await?;
    delete_from::<offer::Entity>(writer, offer::Column::Campaign.eq(id)).await?;
    delete_from::<waitlist_entry::Entity>(writer, waitlist_entry::Column::Campaign.eq(id)).await?;
    delete_from::<hold::Entity>(writer, hold::Column::Campaign.eq(id)).await?;
    delete_from::<pass_use::Entity>(writer, pass_use::Column::Campaign.eq(id)).await?;
    delete_from::<campaign_key::Entity>(writer, campaign_key::Column::Campaign.eq(id)).await?;
    delete_from::<campaign_purge::Entity>(writer, campaign_purge::Column::Campaign.eq(id)).await?;
    delete_from::<slot::Entity>(writer, slot::Column::Campaign.eq(id)).await?;
    delete_from::<campaign::Entity>(writer, campaign::Column::Id.eq(id)).await
}

async fn delete_from<E: EntityTrait>(writer: &Writer<'_>, rows: Expr) -> Result<(), Fault> {
    let deleted = E::delete_many().filter(rows).exec(writer.transaction).await;
    deleted.map(|_| ()).map_err(Fault::at(REMOVE))
}
