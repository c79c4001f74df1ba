//! What a pass has used.

use booking::PassUse;
use kernel::Timestamp;
use sea_orm::entity::prelude::*;

use super::Table;
use crate::convert::{number, parse, pass_id};
use crate::dialect::Kind::{Bytes, Millis, Number, Text};
use crate::dialect::{self, Cell, text};
use crate::fault::Fault;

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
    pub seats: i32,
    /// The guesses of [`PassUse`], which were at first refusals only.
    pub refusals: i32,
}

impl ActiveModelBehavior for ActiveModel {}

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "pass_use",
    key: &["pass_id"],
    columns: &[
        ("pass_id", Bytes),
        ("campaign", Text),
        ("seats_held", Number),
        ("seats_booked", Number),
        ("expires_at_ms", Millis),
        ("ended_at_ms", Millis),
        ("seats", Number),
        ("refusals", Number),
    ],
};

/// What a batch changes.
pub(crate) const CHANGES: &[dialect::Column] = &[
    ("pass_id", Bytes),
    ("seats_held", Number),
    ("seats_booked", Number),
    ("expires_at_ms", Millis),
    ("ended_at_ms", Millis),
    ("refusals", Number),
];

pub(crate) fn to_row(pass_use: &PassUse) -> [Cell<'_>; TABLE.columns.len()] {
    [
        Cell::Bytes(pass_use.pass_id.as_bytes()),
        text(pass_use.campaign.as_str()),
        dialect::number(pass_use.seats_held),
        dialect::number(pass_use.seats_booked),
        dialect::number(pass_use.expires_at.unix_ms()),
        pass_use.ended_at.map_or(Cell::Null, |at| dialect::number(at.unix_ms())),
        dialect::number(pass_use.seats),
        dialect::number(pass_use.guesses),
    ]
}

pub(crate) fn to_change(pass_use: &PassUse) -> [Cell<'_>; CHANGES.len()] {
    let [pass_id, _campaign, seats_held, seats_booked, expires_at, ended_at, _seats, refusals] =
        to_row(pass_use);
    [pass_id, seats_held, seats_booked, expires_at, ended_at, refusals]
}

pub(crate) fn from_row(row: &Model) -> Result<PassUse, Fault> {
    Ok(PassUse {
        pass_id: pass_id(&row.pass_id)?,
        campaign: parse("campaign id", &row.campaign)?,
        seats_held: number("seats_held", row.seats_held)?,
        seats_booked: number("seats_booked", row.seats_booked)?,
        seats: number("seats", row.seats)?,
        guesses: number("refusals", row.refusals)?,
        ended_at: row.ended_at_ms.map(Timestamp::from_unix_ms),
        expires_at: Timestamp::from_unix_ms(row.expires_at_ms),
    })
}
