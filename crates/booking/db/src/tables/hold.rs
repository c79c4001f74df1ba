//! Seats of a slot kept for a pass.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "hold")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Blob")]
    pub id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub campaign: String,
    #[sea_orm(column_type = "Text")]
    pub slot: String,
    #[sea_orm(column_type = "Blob")]
    pub pass_id: Vec<u8>,
    pub ags: i32,
    pub seats: i32,
    pub seats_booked: i32,
    pub renewals: i32,
    pub held_at_ms: i64,
    pub expires_at_ms: i64,
    #[sea_orm(column_type = "Text")]
    pub state: String,
}

impl ActiveModelBehavior for ActiveModel {}
