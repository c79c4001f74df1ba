//! The statement of the fast path.

use sea_orm::DbBackend;

use crate::dialect::Parameter::{Rows, Scalar};
use crate::dialect::statement;
use crate::statements::{BYTE_IDS, KEYS, PERSON_KEYS};
use crate::tables::{booking, event, slot};

/// The text for PostgreSQL; there is none for SQLite, where a round trip is a function call.
pub(crate) fn optimistic_text() -> String {
    let is_unchanged = "EXISTS (SELECT 1 FROM guard)";
    let template = include_str!("../../sql/optimistic.sql")
        .replace("{update slots}", &slot::TABLE.update(slot::CHANGES, "slots"))
        .replace("{insert bookings}", &booking::TABLE.insert("new_bookings"))
        .replace("{insert events}", &event::TABLE.insert("new_events"))
        .replace("{is_unchanged}", is_unchanged);
    let parameters = [
        ("campaign", Scalar),
        ("revision", Scalar),
        ("sequence", Scalar),
        ("known_number", Scalar),
        ("known_hash", Scalar),
        ("event_number", Scalar),
        ("event_hash", Scalar),
        ("new_passes", Rows(BYTE_IDS)),
        ("keys", Rows(KEYS)),
        ("former", Rows(PERSON_KEYS)),
        ("slots", Rows(slot::CHANGES)),
        ("new_bookings", Rows(booking::TABLE.columns)),
        ("new_events", Rows(event::TABLE.columns)),
        ("expected", Scalar),
    ];
    statement(DbBackend::Postgres, &template, &parameters)
}
