//! A campaign and its definition in force.

use booking::ChainEnd;
use kernel::CampaignId;
use sea_orm::entity::prelude::*;

use super::{Table, event};
use crate::dialect::Kind::{Bytes, Millis, Text};
use crate::dialect::{Cell, text};
use crate::fault::Fault;

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
    /// The number of its last change, or of the last one of anything in it.
    pub sequence: i64,
    /// Where the chain of its events ends.
    pub event_number: i64,
    #[sea_orm(column_type = "Blob", nullable)]
    pub event_hash: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "campaign",
    key: &["id"],
    columns: &[
        ("id", Text),
        ("revision", Millis),
        ("applied_at_ms", Millis),
        ("definition", Text),
        ("sequence", Millis),
        ("event_number", Millis),
        ("event_hash", Bytes),
    ],
};

/// What a batch changes.
pub(crate) const CHANGES: &[crate::dialect::Column] =
    &[("id", Text), ("sequence", Millis), ("event_number", Millis), ("event_hash", Bytes)];

pub(crate) fn to_change<'a>(
    id: &'a CampaignId,
    sequence: i64,
    end: &'a ChainEnd,
) -> Result<[Cell<'a>; CHANGES.len()], Fault> {
    let hash = if end.number == 0 { Cell::Null } else { Cell::Bytes(&end.hash.0) };
    let number = Cell::Number(event::number(end.number)?);
    Ok([text(id.as_str()), Cell::Number(sequence), number, hash])
}
