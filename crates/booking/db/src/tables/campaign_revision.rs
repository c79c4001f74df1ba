//! One entry of a campaign's history.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign_revision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub campaign: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub applied_at_ms: i64,
    #[sea_orm(column_type = "Text")]
    pub actor: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub definition: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
