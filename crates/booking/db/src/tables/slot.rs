//! The counters of a slot.

use booking::{SlotChange, SlotCounters, SlotKey};
use sea_orm::entity::prelude::*;

use super::Table;
use crate::convert::{number, parse};
use crate::dialect::Kind::{Number, Text};
use crate::dialect::{self, Cell, text};
use crate::fault::Fault;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "slot")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub campaign: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    pub capacity: i32,
    pub released: i32,
    pub taken: i32,
    pub reserved: i32,
}

impl ActiveModelBehavior for ActiveModel {}

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "slot",
    key: &["campaign", "id"],
    columns: &[
        ("campaign", Text),
        ("id", Text),
        ("capacity", Number),
        ("released", Number),
        ("taken", Number),
        ("reserved", Number),
    ],
};

/// What a batch changes.
pub(crate) const CHANGES: &[dialect::Column] = &[
    ("campaign", Text),
    ("id", Text),
    ("released", Number),
    ("taken", Number),
    ("reserved", Number),
];

pub(crate) fn to_change(change: &SlotChange) -> [Cell<'_>; CHANGES.len()] {
    [
        text(change.key.campaign.as_str()),
        text(change.key.slot.as_str()),
        dialect::number(change.counters.released),
        dialect::number(change.counters.taken),
        dialect::number(change.counters.reserved),
    ]
}

pub(crate) fn counters(row: &Model) -> Result<SlotCounters, Fault> {
    Ok(SlotCounters {
        taken: number("taken", row.taken)?,
        released: number("released", row.released)?,
        reserved: number("reserved", row.reserved)?,
    })
}

pub(crate) fn key(row: &Model) -> Result<SlotKey, Fault> {
    Ok(SlotKey { campaign: parse("campaign id", &row.campaign)?, slot: parse("slot id", &row.id)? })
}
