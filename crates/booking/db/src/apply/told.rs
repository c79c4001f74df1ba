//! The event that a change of a campaign is.

use booking::{ChainEnd, Link};
use kernel::CampaignId;
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::batch::Writer;
use crate::dialect::Rows;
use crate::fault::Fault;
use crate::tables::{campaign, event};

const TELL: &str = "tell that a campaign has changed";

/// Where the chain of a campaign ends, be it in force or not: its row is locked by now, or gone.
pub(super) async fn end(writer: &Writer<'_>, id: &CampaignId) -> Result<ChainEnd, Fault> {
    let last = event::Entity::find()
        .filter(event::Column::Campaign.eq(id.as_str()))
        .order_by_desc(event::Column::LastNumber)
        .one(writer.transaction)
        .await
        .map_err(Fault::at(TELL))?;
    let last = last.map(event::from_row).transpose()?;
    Ok(last.map_or_else(ChainEnd::default, |link| link.end()))
}

/// Adds the event to the chain.
pub(super) async fn add(writer: &Writer<'_>, link: &Link) -> Result<(), Fault> {
    let row = Rows::collect(writer.backend, event::TABLE.columns, [event::to_row(link)?]);
    writer.set(TELL, &writer.statements.insert_events, row).await
}

/// Notes in the campaign's row that its chain ends here.
pub(super) async fn note(writer: &Writer<'_>, id: &CampaignId, end: ChainEnd) -> Result<(), Fault> {
    let row = campaign::ActiveModel {
        id: ActiveValue::Unchanged(id.to_string()),
        event_number: ActiveValue::Set(event::number(end.number)?),
        event_hash: ActiveValue::Set(Some(end.hash.0.to_vec())),
        ..Default::default()
    };
    let noted = campaign::Entity::update(row).exec(writer.transaction).await;
    noted.map(|_| ()).map_err(Fault::at(TELL))
}
