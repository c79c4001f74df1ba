//! An effect recorded under its idempotency key.

use booking::IdempotencyRecord;
use kernel::Timestamp;
use sea_orm::entity::prelude::*;

use super::Table;
use crate::convert::{bytes_32, parse, unreadable};
use crate::dialect::Kind::{Bytes, Millis, Text};
use crate::dialect::{Cell, number, text};
use crate::fault::Fault;

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

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "idempotency",
    key: &["key"],
    columns: &[
        ("key", Bytes),
        ("fingerprint", Bytes),
        ("campaign", Text),
        ("recorded_at_ms", Millis),
        ("effect", Text),
    ],
};

pub(crate) fn to_row(record: &IdempotencyRecord) -> [Cell<'_>; TABLE.columns.len()] {
    let effect = serde_json::to_string(&record.effect).expect("an effect is always JSON");
    [
        Cell::Bytes(&record.key),
        Cell::Bytes(&record.fingerprint),
        text(record.campaign.as_str()),
        number(record.recorded_at.unix_ms()),
        text(effect),
    ]
}

pub(crate) fn from_row(row: Model) -> Result<IdempotencyRecord, Fault> {
    Ok(IdempotencyRecord {
        key: bytes_32("idempotency key", row.key)?,
        fingerprint: bytes_32("fingerprint", row.fingerprint)?,
        campaign: parse("campaign id", &row.campaign)?,
        recorded_at: Timestamp::from_unix_ms(row.recorded_at_ms),
        effect: serde_json::from_str(&row.effect).map_err(|_| unreadable("effect"))?,
    })
}
