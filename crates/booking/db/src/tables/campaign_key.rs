//! The data key of a campaign, wrapped by a master key.

use kernel::CampaignId;
use sea_orm::ConnectionTrait;
use sea_orm::entity::prelude::*;

use crate::convert::number;
use crate::fault::Fault;
use crate::vault::Wrapped;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub campaign: String,
    pub version: i32,
    pub master_key_id: i32,
    #[sea_orm(column_type = "Blob")]
    pub wrapped_key: Vec<u8>,
    pub made_at_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// The data key that a row holds.
pub(crate) fn wrapped(row: &Model) -> Result<Wrapped, Fault> {
    of_columns(row.version, row.master_key_id, row.wrapped_key.clone())
}

/// The same from its columns.
pub(crate) fn of_columns(version: i32, master: i32, bytes: Vec<u8>) -> Result<Wrapped, Fault> {
    Ok(Wrapped {
        version: number("version of a key", version)?,
        master: number("id of a master key", master)?,
        bytes,
    })
}

/// The data key of a campaign, if it has one.
pub(crate) async fn of(
    database: &impl ConnectionTrait,
    campaign: &CampaignId,
) -> Result<Option<Wrapped>, Fault> {
    let row = Entity::find_by_id(campaign.to_string()).one(database).await;
    let row = row.map_err(Fault::at("read the key of a campaign"))?;
    row.as_ref().map(wrapped).transpose()
}
