//! Stored rows and the domain's values. What a row holds was written by the rules; a row that cannot
//! be read back is a defect and says so.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use booking::{
    Booking, BookingHead, BookingId, BookingStatus, Hold, HoldId, HoldState, IdempotencyRecord,
    PassUse, Person, PersonFields, PersonKey, Registration, TokenHash,
};
use kernel::{Ags, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dialect::write_hex;
use crate::fault::Fault;
use crate::tables;

/// A stored text as what it names.
pub(crate) fn parse<T: FromStr>(what: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| unreadable(what))
}

/// A stored number in its range.
pub(crate) fn number<N, T: TryFrom<N>>(what: &str, number: N) -> Result<T, Fault> {
    number.try_into().map_err(|_| unreadable(what))
}

/// A stored hash.
pub(crate) fn bytes_32(what: &str, bytes: Vec<u8>) -> Result<[u8; 32], Fault> {
    bytes.try_into().map_err(|_| unreadable(what))
}

/// A stored id of 16 bytes.
fn id(what: &str, bytes: &[u8]) -> Result<[u8; 16], Fault> {
    bytes.try_into().map_err(|_| unreadable(what))
}

/// A stored pass id.
pub(crate) fn pass_id<T: FromStr>(bytes: &[u8]) -> Result<T, Fault> {
    let mut hex = String::with_capacity(32);
    write_hex(&mut hex, bytes);
    parse("pass id", &hex)
}

/// The fault of a value that cannot be read; it does not repeat the value.
pub(crate) fn unreadable(what: &str) -> Fault {
    Fault::Unexpected(format!("the stored {what} is unreadable"))
}

fn ags(stored: i32) -> Result<Ags, Fault> {
    u32::try_from(stored).ok().and_then(Ags::from_number).ok_or_else(|| unreadable("ags"))
}

pub(crate) fn hold(row: &tables::hold::Model) -> Result<Hold, Fault> {
    Ok(Hold {
        id: HoldId::from_bytes(id("hold id", &row.id)?),
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
    })
}

pub(crate) fn pass_use(row: &tables::pass_use::Model) -> Result<PassUse, Fault> {
    Ok(PassUse {
        pass_id: pass_id(&row.pass_id)?,
        campaign: parse("campaign id", &row.campaign)?,
        seats_held: number("seats_held", row.seats_held)?,
        seats_booked: number("seats_booked", row.seats_booked)?,
        ended_at: row.ended_at_ms.map(Timestamp::from_unix_ms),
        expires_at: Timestamp::from_unix_ms(row.expires_at_ms),
    })
}

pub(crate) fn record(row: tables::idempotency::Model) -> Result<IdempotencyRecord, Fault> {
    Ok(IdempotencyRecord {
        key: bytes_32("idempotency key", row.key)?,
        fingerprint: bytes_32("fingerprint", row.fingerprint)?,
        campaign: parse("campaign id", &row.campaign)?,
        recorded_at: Timestamp::from_unix_ms(row.recorded_at_ms),
        effect: serde_json::from_str(&row.effect).map_err(|_| unreadable("effect"))?,
    })
}

/// The status of a booking as stored.
pub(crate) const fn status_name(status: BookingStatus) -> &'static str {
    match status {
        BookingStatus::Confirmed => "confirmed",
        BookingStatus::Cancelled { .. } => "cancelled",
    }
}

pub(crate) fn status(name: &str, cancelled_at_ms: Option<i64>) -> Result<BookingStatus, Fault> {
    match (name, cancelled_at_ms) {
        ("confirmed", None) => Ok(BookingStatus::Confirmed),
        ("cancelled", Some(at_ms)) => {
            Ok(BookingStatus::Cancelled { at: Timestamp::from_unix_ms(at_ms) })
        }
        _ => Err(unreadable("booking status")),
    }
}

pub(crate) fn booking(row: tables::booking::Model) -> Result<Booking, Fault> {
    let booked_at = Timestamp::from_unix_ms(row.booked_at_ms);
    let registration = Registration {
        booking: BookingId::from_bytes(id("booking id", &row.id)?),
        code: parse("booking code", &row.code)?,
        person: person_from_json(&row.person.0, booked_at)?,
        person_key: PersonKey(bytes_32("person key", row.person_key)?),
        manage_token_hash: TokenHash(bytes_32("token hash", row.manage_token_hash)?),
    };
    Ok(Booking {
        registration: Arc::new(registration),
        campaign: parse("campaign id", &row.campaign)?,
        slot: parse("slot id", &row.slot)?,
        hold: row
            .hold
            .as_deref()
            .map(|bytes| id("hold id", bytes).map(HoldId::from_bytes))
            .transpose()?,
        pass_id: pass_id(&row.pass_id)?,
        ags: ags(row.ags)?,
        booked_at,
        status: status(&row.status, row.cancelled_at_ms)?,
    })
}

/// The part of a booking that a batch loads.
pub(crate) struct StoredHead {
    pub id: Vec<u8>,
    pub campaign: String,
    pub slot: String,
    pub person_key: Vec<u8>,
    pub manage_token_hash: Vec<u8>,
    pub status: String,
    pub cancelled_at_ms: Option<i64>,
}

pub(crate) fn booking_head(row: StoredHead) -> Result<BookingHead, Fault> {
    Ok(BookingHead {
        id: BookingId::from_bytes(id("booking id", &row.id)?),
        campaign: parse("campaign id", &row.campaign)?,
        slot: parse("slot id", &row.slot)?,
        person_key: PersonKey(bytes_32("person key", row.person_key)?),
        manage_token_hash: TokenHash(bytes_32("token hash", row.manage_token_hash)?),
        status: status(&row.status, row.cancelled_at_ms)?,
    })
}

/// The person as stored. Fields may be added, never renamed.
#[derive(Serialize, Deserialize)]
struct StoredPerson<'a> {
    #[serde(borrow)]
    given_name: Cow<'a, str>,
    #[serde(borrow)]
    family_name: Cow<'a, str>,
    #[serde(borrow)]
    date_of_birth: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    phone: Option<Cow<'a, str>>,
}

pub(crate) fn person_to_json(person: &Person) -> String {
    let stored = StoredPerson {
        given_name: person.given_name().into(),
        family_name: person.family_name().into(),
        date_of_birth: person.date_of_birth().to_string().into(),
        email: person.email().map(Cow::from),
        phone: person.phone().map(Cow::from),
    };
    serde_json::to_string(&stored).expect("strings are always JSON")
}

fn person_from_json(text: &str, booked_at: Timestamp) -> Result<Person, Fault> {
    let stored: StoredPerson = serde_json::from_str(text).map_err(|_| unreadable("person"))?;
    let fields = PersonFields {
        given_name: stored.given_name.into_owned(),
        family_name: stored.family_name.into_owned(),
        date_of_birth: stored.date_of_birth.into_owned(),
        email: stored.email.map(Cow::into_owned),
        phone: stored.phone.map(Cow::into_owned),
    };
    // The date was checked a moment before the booking was made; a day more leaves no edge.
    let later = booked_at.plus(Duration::from_hours(24));
    Person::parse(fields, later).map_err(|_| unreadable("person"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(email: Option<&str>) -> PersonFields {
        PersonFields {
            given_name: "Anna \"Änne\"".into(),
            family_name: "O’Neill-Müller".into(),
            date_of_birth: "1980-02-29".into(),
            email: email.map(str::to_owned),
            phone: None,
        }
    }

    #[test]
    fn a_person_reads_back_as_written() {
        let now = Timestamp::from_unix_s(1_623_650_400);
        for email in [None, Some("anna@example.org")] {
            let person = Person::parse(fields(email), now).expect("a plausible person");
            let read = person_from_json(&person_to_json(&person), now).expect("readable");
            assert!(read == person);
        }
    }

    #[test]
    fn an_unreadable_value_is_named_and_not_repeated() {
        let fault = parse::<Ags>("ags", "secret").expect_err("no key");
        assert!(
            matches!(fault, Fault::Unexpected(reason) if reason == "the stored ags is unreadable")
        );
    }
}
