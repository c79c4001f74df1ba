//! An effect recorded under its idempotency key.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Blob")]
    pub key: Vec<u8>,
    #[sea_orm(column_type = "Blob")]
    pub fingerprint: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub campaign: String,
    pub recorded_at_ms: i64,
    #[sea_orm(column_type = "Text")]
    pub effect: String,
}

impl ActiveModelBehavior for ActiveModel {}
