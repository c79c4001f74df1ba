//! One person's place.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use booking::{
    Booked, Booking, BookingChange, BookingHead, BookingId, BookingStatus, Cancelled, CarChange,
    CarId, CarUse, HoldId, IdempotencyRecord, PassUse, Person, PersonChange, PersonKey, Recorded,
    Registration, Slot, TokenHash,
};
use kernel::{CampaignId, Timestamp};
use sea_orm::FromQueryResult;
use sea_orm::entity::prelude::*;

use super::Table;
use crate::convert::{self, ags, bytes_16, bytes_32, parse, pass_id, unreadable};
use crate::dialect::Kind::{Bytes, Millis, Number, Text};
use crate::dialect::{self, Cell, number, text};
use crate::fault::Fault;
use crate::vault::{CampaignKeys, Place};

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
    pub seat_no: i32,
    pub pass_seats: i32,
    pub pass_expires_at_ms: i64,
    pub ags: i32,
    #[sea_orm(column_type = "Blob")]
    pub person_key: Vec<u8>,
    pub key_version: i32,
    #[sea_orm(column_type = "Text")]
    pub person: StoredPerson,
    #[sea_orm(column_type = "Text")]
    pub code: String,
    #[sea_orm(column_type = "Blob")]
    pub manage_token_hash: Vec<u8>,
    #[sea_orm(column_type = "Blob")]
    pub request_key: Vec<u8>,
    #[sea_orm(column_type = "Blob")]
    pub fingerprint: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub booked_at_ms: i64,
    pub cancelled_at_ms: Option<i64>,
    pub token_generation: i32,
    pub sequence: i32,
    pub link_asked_at_ms: Option<i64>,
    #[sea_orm(column_type = "Blob", nullable)]
    pub car: Option<Vec<u8>>,
}

/// The person, sealed; `null` once erased, and plain JSON as an earlier release stored it. `Debug` shows nothing of it (P15).
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct StoredPerson(pub String);

impl fmt::Debug for StoredPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredPerson(…)")
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "booking",
    key: &["id"],
    columns: &[
        ("id", Bytes),
        ("campaign", Text),
        ("slot", Text),
        ("hold", Bytes),
        ("pass_id", Bytes),
        ("seat_no", Number),
        ("pass_seats", Number),
        ("pass_expires_at_ms", Millis),
        ("ags", Number),
        ("person_key", Bytes),
        ("key_version", Number),
        ("person", Text),
        ("code", Text),
        ("manage_token_hash", Bytes),
        ("request_key", Bytes),
        ("fingerprint", Bytes),
        ("status", Text),
        ("booked_at_ms", Millis),
        ("cancelled_at_ms", Millis),
        ("token_generation", Number),
        ("sequence", Number),
        ("link_asked_at_ms", Millis),
        ("car", Bytes),
    ],
};

/// What a cancellation needs.
pub(crate) const CANCELLATIONS: &[dialect::Column] = &[("id", Bytes), ("cancelled_at_ms", Millis)];

/// What is changed of a booking; a NULL leaves the column as it is. `steps` are added to its sequence.
pub(crate) const CHANGES: &[dialect::Column] = &[
    ("id", Bytes),
    ("slot", Text),
    ("person_key", Bytes),
    ("key_version", Number),
    ("person", Text),
    ("manage_token_hash", Bytes),
    ("token_generation", Number),
    ("link_asked_at_ms", Millis),
    ("steps", Number),
    ("car", Bytes),
    ("leaves_car", Number),
];

/// The part of a booking that a batch loads, see [`Loaded`].
pub(crate) const LOADED: &[dialect::Column] = &[
    ("id", Bytes),
    ("campaign", Text),
    ("slot", Text),
    ("pass_id", Bytes),
    ("person_key", Bytes),
    ("manage_token_hash", Bytes),
    ("status", Text),
    ("cancelled_at_ms", Millis),
    ("token_generation", Number),
    ("sequence", Number),
    ("link_asked_at_ms", Millis),
    ("car", Bytes),
    ("code", Text),
    ("booked_at_ms", Millis),
    ("request_key", Bytes),
    ("fingerprint", Bytes),
];

/// Who has an active booking, see [`Active`].
pub(crate) const ACTIVE: &[dialect::Column] = &[("campaign", Text), ("person_key", Bytes)];

/// Who is in a car, see [`add_car_use`].
pub(crate) const CAR_USE: &[dialect::Column] =
    &[("campaign", Text), ("car", Bytes), ("slot", Text), ("seats", Number)];

/// Bookings in a car, or seats kept in it.
#[derive(FromQueryResult)]
pub(crate) struct InCar {
    campaign: String,
    car: Vec<u8>,
    slot: String,
    seats: i32,
}

/// The part of a booking that a batch loads.
#[derive(FromQueryResult)]
pub(crate) struct Loaded {
    #[sea_orm(nested)]
    pub head: Head,
    pub code: String,
    pub booked_at_ms: i64,
    pub request_key: Vec<u8>,
    pub fingerprint: Vec<u8>,
}

/// The part of a booking that a cancellation looks at.
#[derive(FromQueryResult)]
pub(crate) struct Head {
    pub id: Vec<u8>,
    pub campaign: String,
    pub slot: String,
    pub pass_id: Vec<u8>,
    pub person_key: Vec<u8>,
    pub manage_token_hash: Vec<u8>,
    pub status: String,
    pub cancelled_at_ms: Option<i64>,
    pub token_generation: i32,
    pub sequence: i32,
    pub link_asked_at_ms: Option<i64>,
    pub car: Option<Vec<u8>>,
}

/// A person with an active booking.
#[derive(FromQueryResult)]
pub(crate) struct Active {
    pub campaign: String,
    pub person_key: Vec<u8>,
}

/// The row of a booking, with the request that asked for it, the pass that paid for it, and the keys that seal who it is.
pub(crate) fn to_row<'a>(
    booking: &'a Booking,
    request: &'a IdempotencyRecord,
    pass: &PassUse,
    keys: &CampaignKeys,
) -> Result<[Cell<'a>; TABLE.columns.len()], Fault> {
    let registration = &booking.registration;
    let (cancelled_at, key_version) = match booking.status {
        BookingStatus::Confirmed if registration.person.is_none() => (Cell::Null, 0),
        BookingStatus::Confirmed => (Cell::Null, PersonKey::VERSION),
        BookingStatus::Cancelled { at } => (number(at.unix_ms()), 0),
    };
    let person = keys.seal(
        &Place::of_booking(&booking.campaign, &registration.booking),
        registration.person.as_ref(),
    )?;
    Ok([
        Cell::Bytes(registration.booking.as_bytes()),
        text(booking.campaign.as_str()),
        text(booking.slot.as_str()),
        booking.hold.as_ref().map_or(Cell::Null, |hold| Cell::Bytes(hold.as_bytes())),
        Cell::Bytes(booking.pass_id.as_bytes()),
        number(booking.seat_no),
        number(pass.seats),
        number(pass.expires_at.unix_ms()),
        number(booking.ags.number()),
        Cell::Bytes(&registration.person_key.0),
        number(key_version),
        text(person),
        text(registration.code.as_str()),
        Cell::Bytes(&registration.manage_token_hash.0),
        Cell::Bytes(&request.key),
        Cell::Bytes(&request.fingerprint),
        text(status_name(booking.status)),
        number(booking.booked_at.unix_ms()),
        cancelled_at,
        number(booking.token_generation),
        number(booking.sequence),
        booking.link_asked_at.map_or(Cell::Null, |at| number(at.unix_ms())),
        booking.car.as_ref().map_or(Cell::Null, |car| Cell::Bytes(car.as_bytes())),
    ])
}

pub(crate) fn to_cancellation(cancellation: &Cancelled) -> [Cell<'_>; CANCELLATIONS.len()] {
    [Cell::Bytes(cancellation.booking.as_bytes()), number(cancellation.cancelled_at.unix_ms())]
}

/// `nobody` is the key of the booking if it has no person any more.
pub(crate) fn to_change<'a>(
    change: &'a BookingChange,
    nobody: &'a PersonKey,
    keys: &CampaignKeys,
) -> Result<[Cell<'a>; CHANGES.len()], Fault> {
    let place = Place::of_booking(&change.campaign, &change.booking);
    let sealed = |person| keys.seal(&place, person).map(text);
    let (key, version, person) = match &change.person {
        None => (Cell::Null, Cell::Null, Cell::Null),
        Some(PersonChange::Corrected(correction)) => (
            Cell::Bytes(&correction.person_key.0),
            number(PersonKey::VERSION),
            sealed(Some(&correction.person))?,
        ),
        Some(PersonChange::Contact(person)) => (Cell::Null, Cell::Null, sealed(Some(person))?),
        Some(PersonChange::Erased) => (Cell::Bytes(&nobody.0), number(0), sealed(None)?),
    };
    let (hash, generation) = match &change.token {
        None => (Cell::Null, Cell::Null),
        Some(token) => (Cell::Bytes(&token.hash.0), number(token.generation)),
    };
    let car = match &change.car {
        Some(CarChange::Enters(car)) => Cell::Bytes(car.as_bytes()),
        None | Some(CarChange::Leaves) => Cell::Null,
    };
    Ok([
        Cell::Bytes(change.booking.as_bytes()),
        change.slot.as_ref().map_or(Cell::Null, |slot| text(slot.as_str())),
        key,
        version,
        person,
        hash,
        generation,
        change.link_asked_at.map_or(Cell::Null, |at| number(at.unix_ms())),
        number(change.steps),
        car,
        number(u8::from(change.car == Some(CarChange::Leaves))),
    ])
}

/// The status of a booking as stored.
pub(crate) const fn status_name(status: BookingStatus) -> &'static str {
    match status {
        BookingStatus::Confirmed => "confirmed",
        BookingStatus::Cancelled { .. } => "cancelled",
    }
}

fn status(name: &str, cancelled_at_ms: Option<i64>) -> Result<BookingStatus, Fault> {
    match (name, cancelled_at_ms) {
        ("confirmed", None) => Ok(BookingStatus::Confirmed),
        ("cancelled", Some(at_ms)) => {
            Ok(BookingStatus::Cancelled { at: Timestamp::from_unix_ms(at_ms) })
        }
        _ => Err(unreadable("booking status")),
    }
}

/// The booking of a row, given who it says it is of.
pub(crate) fn from_row(row: Model, person: Option<Person>) -> Result<Booking, Fault> {
    let booked_at = Timestamp::from_unix_ms(row.booked_at_ms);
    let registration = Registration {
        booking: BookingId::from_bytes(bytes_16("booking id", &row.id)?),
        code: parse("booking code", &row.code)?,
        person,
        person_key: PersonKey(bytes_32("person key", row.person_key)?),
        former_person_key: None,
        manage_token_hash: TokenHash(bytes_32("token hash", row.manage_token_hash)?),
    };
    Ok(Booking {
        registration: Arc::new(registration),
        campaign: parse("campaign id", &row.campaign)?,
        slot: parse("slot id", &row.slot)?,
        hold: row
            .hold
            .as_deref()
            .map(|bytes| bytes_16("hold id", bytes).map(HoldId::from_bytes))
            .transpose()?,
        pass_id: pass_id(&row.pass_id)?,
        seat_no: convert::number("seat number", row.seat_no)?,
        ags: ags(row.ags)?,
        booked_at,
        status: status(&row.status, row.cancelled_at_ms)?,
        token_generation: convert::number("token generation", row.token_generation)?,
        sequence: convert::number("sequence", row.sequence)?,
        link_asked_at: row.link_asked_at_ms.map(Timestamp::from_unix_ms),
        car: convert::car(row.car.as_deref())?,
    })
}

pub(crate) fn head(row: Head) -> Result<BookingHead, Fault> {
    Ok(BookingHead {
        id: BookingId::from_bytes(bytes_16("booking id", &row.id)?),
        campaign: parse("campaign id", &row.campaign)?,
        slot: parse("slot id", &row.slot)?,
        pass_id: pass_id(&row.pass_id)?,
        person_key: PersonKey(bytes_32("person key", row.person_key)?),
        manage_token_hash: TokenHash(bytes_32("token hash", row.manage_token_hash)?),
        status: status(&row.status, row.cancelled_at_ms)?,
        token_generation: convert::number("token generation", row.token_generation)?,
        sequence: convert::number("sequence", row.sequence)?,
        link_asked_at: row.link_asked_at_ms.map(Timestamp::from_unix_ms),
        car: convert::car(row.car.as_deref())?,
    })
}

/// What the request was told that asked for the booking: `slot` is the one in which it is now.
pub(crate) fn request(row: &Loaded, slot: &Slot) -> Result<IdempotencyRecord, Fault> {
    let booked_at = Timestamp::from_unix_ms(row.booked_at_ms);
    let booked = Booked {
        booking: BookingId::from_bytes(bytes_16("booking id", &row.head.id)?),
        code: parse("booking code", &row.code)?,
        slot: slot.id.clone(),
        site: slot.site.clone(),
        starts_at: slot.starts_at,
        ends_at: slot.ends_at,
        booked_at,
        pass_used_up: false,
        cancelled_at: row.head.cancelled_at_ms.map(Timestamp::from_unix_ms),
        token_generation: convert::number("token generation", row.head.token_generation)?,
        car: convert::car(row.head.car.as_deref())?,
    };
    Ok(IdempotencyRecord {
        key: bytes_32("idempotency key", row.request_key.clone())?,
        fingerprint: bytes_32("fingerprint", row.fingerprint.clone())?,
        campaign: parse("campaign id", &row.head.campaign)?,
        recorded_at: booked_at,
        effect: Recorded::Booked(booked),
    })
}

pub(crate) fn active(row: Active) -> Result<(CampaignId, PersonKey), Fault> {
    let person_key = PersonKey(bytes_32("person key", row.person_key)?);
    Ok((parse("campaign id", &row.campaign)?, person_key))
}

/// Adds the bookings in a car to the seats that are kept in it, or these to those.
pub(crate) fn add_car_use(row: &InCar, cars: &mut HashMap<CarId, CarUse>) -> Result<(), Fault> {
    let car = CarId::from_bytes(bytes_16("car", &row.car)?);
    let seats: u8 = convert::number("seats in a car", row.seats)?;
    let (campaign, slot) = (parse("campaign id", &row.campaign)?, parse("slot id", &row.slot)?);
    let used = cars.entry(car).or_insert(CarUse { campaign, slot, seats: 0 });
    used.seats = used.seats.saturating_add(seats);
    Ok(())
}
