//! One person who waits for a place.

use booking::{
    BookingId, EntryChange, EntryHead, EntryState, PassUse, Person, PersonKey, TokenHash,
    WaitlistCounts, WaitlistEntry, WaitlistEntryId,
};
use kernel::{CampaignId, Timestamp};
use sea_orm::FromQueryResult;
use sea_orm::entity::prelude::*;

use super::Table;
use super::booking::StoredPerson;
use crate::convert::{self, ags, bytes_16, bytes_32, parse, pass_id, unreadable};
use crate::dialect::Kind::{Bytes, Millis, Number, Text};
use crate::dialect::{self, Cell, number, text};
use crate::fault::Fault;
use crate::vault::{CampaignKeys, Place};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "waitlist_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Blob")]
    pub id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub campaign: String,
    pub number: i64,
    #[sea_orm(column_type = "Blob")]
    pub pass_id: Vec<u8>,
    pub seat_no: i32,
    pub pass_seats: i32,
    pub pass_expires_at_ms: i64,
    pub ags: i32,
    #[sea_orm(column_type = "Blob")]
    pub person_key: Vec<u8>,
    pub key_version: i32,
    #[sea_orm(column_type = "Text")]
    pub person: StoredPerson,
    #[sea_orm(column_type = "Blob")]
    pub token_hash: Vec<u8>,
    pub joined_at_ms: i64,
    pub offers_missed: i32,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub ended_at_ms: Option<i64>,
    #[sea_orm(column_type = "Blob", nullable)]
    pub booking: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "waitlist_entry",
    key: &["id"],
    columns: &[
        ("id", Bytes),
        ("campaign", Text),
        ("number", Millis),
        ("pass_id", Bytes),
        ("seat_no", Number),
        ("pass_seats", Number),
        ("pass_expires_at_ms", Millis),
        ("ags", Number),
        ("person_key", Bytes),
        ("key_version", Number),
        ("person", Text),
        ("token_hash", Bytes),
        ("joined_at_ms", Millis),
        ("offers_missed", Number),
        ("state", Text),
        ("ended_at_ms", Millis),
        ("booking", Bytes),
    ],
};

/// What is changed of an entry. Where it has ended, who it was is erased besides.
pub(crate) const CHANGES: &[dialect::Column] = &[
    ("id", Bytes),
    ("offers_missed", Number),
    ("state", Text),
    ("ended_at_ms", Millis),
    ("booking", Bytes),
];

/// The part of an entry that a batch loads, see [`Head`].
pub(crate) const LOADED: &[dialect::Column] = &[
    ("id", Bytes),
    ("campaign", Text),
    ("number", Millis),
    ("pass_id", Bytes),
    ("seat_no", Number),
    ("ags", Number),
    ("person_key", Bytes),
    ("token_hash", Bytes),
    ("offers_missed", Number),
    ("state", Text),
    ("ended_at_ms", Millis),
    ("booking", Bytes),
];

/// The waitlist of a campaign in numbers, see [`Counts`].
pub(crate) const COUNTS: &[dialect::Column] = &[
    ("campaign", Text),
    ("waiting", Millis),
    ("offered", Millis),
    ("reserved", Millis),
    ("last_number", Millis),
];

/// The part of an entry that a batch loads.
#[derive(FromQueryResult)]
pub(crate) struct Head {
    pub id: Vec<u8>,
    pub campaign: String,
    pub number: i64,
    pub pass_id: Vec<u8>,
    pub seat_no: i32,
    pub ags: i32,
    pub person_key: Vec<u8>,
    pub token_hash: Vec<u8>,
    pub offers_missed: i32,
    pub state: String,
    pub ended_at_ms: Option<i64>,
    pub booking: Option<Vec<u8>>,
}

/// Everybody who waits counts as waiting here, also with an offer.
#[derive(FromQueryResult)]
pub(crate) struct Counts {
    pub campaign: String,
    pub waiting: i64,
    pub offered: i64,
    pub reserved: i64,
    pub last_number: i64,
}

/// The row of an entry, with the pass that paid for it.
pub(crate) fn to_row<'a>(
    entry: &'a WaitlistEntry,
    pass: &PassUse,
    keys: &CampaignKeys,
) -> Result<[Cell<'a>; TABLE.columns.len()], Fault> {
    let key_version = if entry.state.is_waiting() { PersonKey::VERSION } else { 0 };
    let [state, ended_at, booking] = state_cells(&entry.state);
    Ok([
        Cell::Bytes(entry.id.as_bytes()),
        text(entry.campaign.as_str()),
        Cell::Number(convert::number(NUMBER, entry.number)?),
        Cell::Bytes(entry.pass_id.as_bytes()),
        number(entry.seat_no),
        number(pass.seats),
        number(pass.expires_at.unix_ms()),
        number(entry.ags.number()),
        Cell::Bytes(&entry.person_key.0),
        number(key_version),
        text(keys.seal(&Place::of_entry(&entry.campaign, &entry.id), entry.person.as_ref())?),
        Cell::Bytes(&entry.token_hash.0),
        number(entry.joined_at.unix_ms()),
        number(entry.offers_missed),
        state,
        ended_at,
        booking,
    ])
}

pub(crate) fn to_change(change: &EntryChange) -> [Cell<'_>; CHANGES.len()] {
    let [state, ended_at, booking] = state_cells(&change.state);
    [Cell::Bytes(change.entry.as_bytes()), number(change.offers_missed), state, ended_at, booking]
}

/// State, when it ended, and the booking.
fn state_cells(state: &EntryState) -> [Cell<'_>; 3] {
    let name = text(state.as_str());
    match state {
        EntryState::Waiting => [name, Cell::Null, Cell::Null],
        EntryState::Booked { booking, at } => {
            [name, number(at.unix_ms()), Cell::Bytes(booking.as_bytes())]
        }
        EntryState::Left { at } => [name, number(at.unix_ms()), Cell::Null],
    }
}

fn state(
    name: &str,
    ended_at_ms: Option<i64>,
    booking: Option<&[u8]>,
) -> Result<EntryState, Fault> {
    let booking =
        booking.map(|id| bytes_16("booking id", id).map(BookingId::from_bytes)).transpose()?;
    let ended_at = ended_at_ms.map(Timestamp::from_unix_ms);
    EntryState::from_stored(name, ended_at, booking)
        .ok_or_else(|| unreadable("state of a waitlist entry"))
}

pub(crate) fn id(bytes: &[u8]) -> Result<WaitlistEntryId, Fault> {
    bytes_16("waitlist entry id", bytes).map(WaitlistEntryId::from_bytes)
}

/// `person` is what is sealed in the row.
pub(crate) fn from_row(row: Model, person: Option<Person>) -> Result<WaitlistEntry, Fault> {
    Ok(WaitlistEntry {
        id: id(&row.id)?,
        campaign: parse("campaign id", &row.campaign)?,
        number: convert::number(NUMBER, row.number)?,
        pass_id: pass_id(&row.pass_id)?,
        seat_no: convert::number("seat number", row.seat_no)?,
        ags: ags(row.ags)?,
        person,
        person_key: PersonKey(bytes_32("person key", row.person_key)?),
        token_hash: TokenHash(bytes_32("token hash", row.token_hash)?),
        joined_at: Timestamp::from_unix_ms(row.joined_at_ms),
        offers_missed: convert::number("offers missed", row.offers_missed)?,
        state: state(&row.state, row.ended_at_ms, row.booking.as_deref())?,
    })
}

/// Without the date of birth, which is sealed.
pub(crate) fn head(row: Head) -> Result<EntryHead, Fault> {
    Ok(EntryHead {
        id: id(&row.id)?,
        campaign: parse("campaign id", &row.campaign)?,
        number: convert::number(NUMBER, row.number)?,
        pass_id: pass_id(&row.pass_id)?,
        seat_no: convert::number("seat number", row.seat_no)?,
        ags: ags(row.ags)?,
        date_of_birth: None,
        person_key: PersonKey(bytes_32("person key", row.person_key)?),
        token_hash: TokenHash(bytes_32("token hash", row.token_hash)?),
        offers_missed: convert::number("offers missed", row.offers_missed)?,
        state: state(&row.state, row.ended_at_ms, row.booking.as_deref())?,
    })
}

pub(crate) fn counts(row: &Counts) -> Result<(CampaignId, WaitlistCounts), Fault> {
    let counts = WaitlistCounts {
        waiting: convert::number("number of people who wait", row.waiting - row.offered)?,
        offered: convert::number("number of open offers", row.offered)?,
        reserved: convert::number("places reserved", row.reserved)?,
        last_number: convert::number(NUMBER, row.last_number)?,
    };
    Ok((parse("campaign id", &row.campaign)?, counts))
}

const NUMBER: &str = "number of a waitlist entry";
