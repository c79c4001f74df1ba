//! Who is told by webhooks.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    pub known_since_ms: i64,
    pub disabled_at_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
