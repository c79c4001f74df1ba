//! Every set-based statement, with the sets and values it takes.

use sea_orm::DbBackend;

use crate::rows::Kind::{Bytes, Number, Text};
use crate::rows::Parameter::{Rows, Scalar};
use crate::rows::{Column, statement};

pub(crate) const IDS: &[Column] = &[("id", Text)];
pub(crate) const SLOT_KEYS: &[Column] = &[("campaign", Text), ("id", Text)];
pub(crate) const PASS_IDS: &[Column] = &[("pass_id", Text)];
pub(crate) const PERSONS: &[Column] = &[("campaign", Text), ("person_key", Bytes)];
pub(crate) const KEYS: &[Column] = &[("key", Bytes)];
pub(crate) const SLOT_CHANGES: &[Column] =
    &[("campaign", Text), ("id", Text), ("released", Number), ("taken", Number)];
pub(crate) const APPLIED_SLOTS: &[Column] =
    &[("campaign", Text), ("id", Text), ("capacity", Number), ("released", Number), ("taken", Number)];
pub(crate) const PASS_USES: &[Column] = &[
    ("pass_id", Text),
    ("campaign", Text),
    ("seats_held", Number),
    ("seats_booked", Number),
    ("expires_at_ms", Number),
];
pub(crate) const HOLDS: &[Column] = &[
    ("id", Text),
    ("campaign", Text),
    ("slot", Text),
    ("pass_id", Text),
    ("ags", Number),
    ("seats", Number),
    ("seats_booked", Number),
    ("renewals", Number),
    ("held_at_ms", Number),
    ("expires_at_ms", Number),
    ("state", Text),
];
pub(crate) const CANCELLATIONS: &[Column] = &[("id", Text), ("cancelled_at_ms", Number)];
pub(crate) const BOOKINGS: &[Column] = &[
    ("id", Text),
    ("campaign", Text),
    ("slot", Text),
    ("hold", Text),
    ("pass_id", Text),
    ("ags", Number),
    ("person_key", Bytes),
    ("person", Text),
    ("code", Text),
    ("manage_token_hash", Bytes),
    ("status", Text),
    ("booked_at_ms", Number),
    ("cancelled_at_ms", Number),
];
pub(crate) const RECORDS: &[Column] = &[
    ("key", Bytes),
    ("fingerprint", Bytes),
    ("campaign", Text),
    ("recorded_at_ms", Number),
    ("effect", Text),
];

/// The texts in the dialect of one database.
#[derive(Clone, Debug)]
pub(crate) struct Statements {
    pub lock_campaigns: String,
    pub overdue_holds: String,
    pub load: String,
    pub write_slots: String,
    pub write_pass_uses: String,
    pub write_holds: String,
    pub write_cancellations: String,
    pub write_bookings: String,
    pub write_records: String,
    pub apply_slots: String,
    pub availability: String,
}

impl Statements {
    pub fn new(backend: DbBackend) -> Self {
        let of = |template, parameters: &[_]| statement(backend, template, parameters);
        Self {
            lock_campaigns: of(include_str!("sql/lock_campaigns.sql"), &[("campaigns", Rows(IDS))]),
            overdue_holds: of(
                include_str!("sql/overdue_holds.sql"),
                &[("campaign", Scalar), ("now", Scalar), ("holds_max", Scalar)],
            ),
            load: of(
                include_str!("sql/load.sql"),
                &[
                    ("campaigns", Rows(IDS)),
                    ("slots", Rows(SLOT_KEYS)),
                    ("holds", Rows(IDS)),
                    ("passes", Rows(PASS_IDS)),
                    ("bookings", Rows(IDS)),
                    ("persons", Rows(PERSONS)),
                    ("keys", Rows(KEYS)),
                    ("now", Scalar),
                ],
            ),
            write_slots: of(include_str!("sql/write_slots.sql"), &[("slots", Rows(SLOT_CHANGES))]),
            write_pass_uses: of(include_str!("sql/write_pass_uses.sql"), &[("pass_uses", Rows(PASS_USES))]),
            write_holds: of(include_str!("sql/write_holds.sql"), &[("holds", Rows(HOLDS))]),
            write_cancellations: of(
                include_str!("sql/write_cancellations.sql"),
                &[("cancellations", Rows(CANCELLATIONS))],
            ),
            write_bookings: of(include_str!("sql/write_bookings.sql"), &[("bookings", Rows(BOOKINGS))]),
            write_records: of(include_str!("sql/write_records.sql"), &[("records", Rows(RECORDS))]),
            apply_slots: of(include_str!("sql/apply_slots.sql"), &[("slots", Rows(APPLIED_SLOTS))]),
            availability: of(
                include_str!("sql/availability.sql"),
                &[("campaign", Scalar), ("now", Scalar)],
            ),
        }
    }
}
