//! Seats of a slot kept for a pass.

use booking::{Hold, HoldId, HoldState};
use kernel::Timestamp;
use sea_orm::entity::prelude::*;

use super::Table;
use crate::convert::{ags, bytes_16, car, number, parse, pass_id, unreadable};
use crate::dialect::Kind::{Bytes, Millis, Number, Text};
use crate::dialect::{self, Cell, text};
use crate::fault::Fault;

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
    #[sea_orm(column_type = "Blob", nullable)]
    pub car: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "hold",
    key: &["id"],
    columns: &[
        ("id", Bytes),
        ("campaign", Text),
        ("slot", Text),
        ("pass_id", Bytes),
        ("ags", Number),
        ("seats", Number),
        ("seats_booked", Number),
        ("renewals", Number),
        ("held_at_ms", Millis),
        ("expires_at_ms", Millis),
        ("state", Text),
        ("car", Bytes),
    ],
};

/// What a batch changes.
pub(crate) const CHANGES: &[dialect::Column] = &[
    ("id", Bytes),
    ("seats_booked", Number),
    ("renewals", Number),
    ("expires_at_ms", Millis),
    ("state", Text),
];

pub(crate) fn to_row(hold: &Hold) -> [Cell<'_>; TABLE.columns.len()] {
    [
        Cell::Bytes(hold.id.as_bytes()),
        text(hold.campaign.as_str()),
        text(hold.slot.as_str()),
        Cell::Bytes(hold.pass_id.as_bytes()),
        dialect::number(hold.ags.number()),
        dialect::number(hold.seats),
        dialect::number(hold.seats_booked),
        dialect::number(hold.renewals),
        dialect::number(hold.held_at.unix_ms()),
        dialect::number(hold.expires_at.unix_ms()),
        text(hold.state.as_str()),
        hold.car.as_ref().map_or(Cell::Null, |car| Cell::Bytes(car.as_bytes())),
    ]
}

pub(crate) fn to_change(hold: &Hold) -> [Cell<'_>; CHANGES.len()] {
    [
        Cell::Bytes(hold.id.as_bytes()),
        dialect::number(hold.seats_booked),
        dialect::number(hold.renewals),
        dialect::number(hold.expires_at.unix_ms()),
        text(hold.state.as_str()),
    ]
}

pub(crate) fn from_row(row: &Model) -> Result<Hold, Fault> {
    Ok(Hold {
        id: HoldId::from_bytes(bytes_16("hold id", &row.id)?),
        campaign: parse("campaign id", &row.campaign)?,
        slot: parse("slot id", &row.slot)?,
        pass_id: pass_id(&row.pass_id)?,
        ags: ags(row.ags)?,
        seats: number("seats", row.seats)?,
        seats_booked: number("seats_booked", row.seats_booked)?,
        renewals: number("renewals", row.renewals)?,
        held_at: Timestamp::from_unix_ms(row.held_at_ms),
        expires_at: Timestamp::from_unix_ms(row.expires_at_ms),
        state: HoldState::from_stored(&row.state).ok_or_else(|| unreadable("hold state"))?,
        car: car(row.car.as_deref())?,
    })
}
