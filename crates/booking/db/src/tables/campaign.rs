//! A campaign and its definition in force.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    pub revision: i64,
    pub applied_at_ms: i64,
    #[sea_orm(column_type = "Text")]
    pub definition: String,
}

impl ActiveModelBehavior for ActiveModel {}
