//! One person's place.

use std::fmt;

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booking")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Blob")]
    pub id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub campaign: String,
    #[sea_orm(column_type = "Text")]
    pub slot: String,
    #[sea_orm(column_type = "Blob", nullable)]
    pub hold: Option<Vec<u8>>,
    #[sea_orm(column_type = "Blob")]
    pub pass_id: Vec<u8>,
    pub ags: i32,
    #[sea_orm(column_type = "Blob")]
    pub person_key: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub person: PersonJson,
    #[sea_orm(column_type = "Text")]
    pub code: String,
    #[sea_orm(column_type = "Blob")]
    pub manage_token_hash: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub booked_at_ms: i64,
    pub cancelled_at_ms: Option<i64>,
}

/// The person as JSON. `Debug` shows nothing of it (P15).
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct PersonJson(pub String);

impl fmt::Debug for PersonJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonJson(…)")
    }
}

impl ActiveModelBehavior for ActiveModel {}
