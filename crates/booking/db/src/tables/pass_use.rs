//! What a pass has used. What it has booked is in the table of bookings, and who waits by it in that of the waitlist.

use std::collections::HashMap;

use booking::{PassId, PassUse};
use kernel::Timestamp;
use sea_orm::FromQueryResult;
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
    ("expires_at_ms", Millis),
    ("ended_at_ms", Millis),
    ("refusals", Number),
];

pub(crate) fn to_row(pass_use: &PassUse) -> [Cell<'_>; TABLE.columns.len()] {
    [
        Cell::Bytes(pass_use.pass_id.as_bytes()),
        text(pass_use.campaign.as_str()),
        dialect::number(pass_use.seats_held),
        dialect::number(pass_use.expires_at.unix_ms()),
        pass_use.ended_at.map_or(Cell::Null, |at| dialect::number(at.unix_ms())),
        dialect::number(pass_use.seats),
        dialect::number(pass_use.guesses),
    ]
}

pub(crate) fn to_change(pass_use: &PassUse) -> [Cell<'_>; CHANGES.len()] {
    let [pass_id, _campaign, seats_held, expires_at, ended_at, _seats, refusals] = to_row(pass_use);
    [pass_id, seats_held, expires_at, ended_at, refusals]
}

/// What bookings and entries of waitlists say of the seat that their pass paid for them with.
pub(crate) const SEAT_OF_BOOKING: &str =
    "pass_id, campaign, seat_no, pass_seats, pass_expires_at_ms, status";
pub(crate) const SEAT_OF_ENTRY: &str =
    "pass_id, campaign, seat_no, pass_seats, pass_expires_at_ms, state AS status";

/// The columns of [`Paid`], and how they are made of the seats of a pass. The booking that comes of an entry has the
/// same seat, so it is the numbers that say how many there were.
pub(crate) const PAID: &[(dialect::Column, &str)] = &[
    (("pass_id", Bytes), "pass_id"),
    (("campaign", Text), "MIN(campaign)"),
    (("bookings", Millis), "CAST(MAX(seat_no) AS bigint)"),
    (
        ("seats_booked", Millis),
        "SUM(CASE WHEN status IN ('confirmed', 'waiting') THEN 1 ELSE 0 END)",
    ),
    (("seats", Number), "MIN(pass_seats)"),
    (("expires_at_ms", Millis), "MIN(pass_expires_at_ms)"),
];

/// The seats that a pass has paid with.
#[derive(FromQueryResult)]
pub(crate) struct Paid {
    pub pass_id: Vec<u8>,
    pub campaign: String,
    pub bookings: i64,
    pub seats_booked: i64,
    pub seats: i32,
    pub expires_at_ms: i64,
}

/// Adds what is known of a pass: its row and its bookings come in any order, and not every pass has both.
pub(crate) fn add_row(row: &PassUse, passes: &mut HashMap<PassId, PassUse>) {
    let known = passes.entry(row.pass_id).or_insert_with(|| row.clone());
    let (seats_booked, bookings) = (known.seats_booked, known.bookings);
    *known = PassUse { seats_booked, bookings, ..row.clone() };
}

/// The same for its bookings.
pub(crate) fn add_bookings(row: &Paid, passes: &mut HashMap<PassId, PassUse>) -> Result<(), Fault> {
    let pass_id = pass_id(&row.pass_id)?;
    let campaign = parse("campaign id", &row.campaign)?;
    let seats = number("seats", row.seats)?;
    let known = passes.entry(pass_id).or_insert_with(|| PassUse {
        pass_id,
        campaign,
        seats_held: 0,
        seats_booked: 0,
        bookings: 0,
        seats,
        guesses: 0,
        ended_at: None,
        expires_at: Timestamp::from_unix_ms(row.expires_at_ms),
    });
    known.seats_booked = number("seats booked", row.seats_booked)?;
    known.bookings = number("bookings of a pass", row.bookings)?;
    Ok(())
}

/// Whether two rows would be the same.
pub(crate) fn says_the_same(row: &PassUse, pass_use: &PassUse) -> bool {
    (row.seats_held, row.guesses, row.ended_at)
        == (pass_use.seats_held, pass_use.guesses, pass_use.ended_at)
}

/// Whether a row would say more than that there is nothing to say.
pub(crate) fn says_something(pass_use: &PassUse) -> bool {
    pass_use.seats_held > 0 || pass_use.guesses > 0 || pass_use.ended_at.is_some()
}

/// What a row says.
pub(crate) fn from_row(row: &Model) -> Result<PassUse, Fault> {
    Ok(PassUse {
        pass_id: pass_id(&row.pass_id)?,
        campaign: parse("campaign id", &row.campaign)?,
        seats_held: number("seats_held", row.seats_held)?,
        seats_booked: 0,
        bookings: 0,
        seats: number("seats", row.seats)?,
        guesses: number("refusals", row.refusals)?,
        ended_at: row.ended_at_ms.map(Timestamp::from_unix_ms),
        expires_at: Timestamp::from_unix_ms(row.expires_at_ms),
    })
}
