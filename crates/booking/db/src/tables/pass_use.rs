//! What a pass has used.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pass_use")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Blob")]
    pub pass_id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub campaign: String,
    pub seats_held: i32,
    pub seats_booked: i32,
    pub expires_at_ms: i64,
    pub ended_at_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
