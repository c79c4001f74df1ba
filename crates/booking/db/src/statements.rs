//! Every set-based statement, with the sets and values it takes.

use std::sync::OnceLock;

use sea_orm::DbBackend;

use crate::dialect::Kind::{Bytes, Number, Text};
use crate::dialect::Parameter::{Rows, Scalar};
use crate::dialect::{Column, Parameter, statement};

/// Campaigns have names.
pub(crate) const IDS: &[Column] = &[("id", Text)];
pub(crate) const SLOT_KEYS: &[Column] = &[("campaign", Text), ("id", Text)];
pub(crate) const BYTE_IDS: &[Column] = &[("id", Bytes)];
pub(crate) const PERSONS: &[Column] = &[("campaign", Text), ("person_key", Bytes)];
pub(crate) const KEYS: &[Column] = &[("key", Bytes)];
pub(crate) const SLOT_CHANGES: &[Column] =
    &[("campaign", Text), ("id", Text), ("released", Number), ("taken", Number)];
pub(crate) const APPLIED_SLOTS: &[Column] = &[
    ("campaign", Text),
    ("id", Text),
    ("capacity", Number),
    ("released", Number),
    ("taken", Number),
];
pub(crate) const PASS_USES: &[Column] = &[
    ("pass_id", Bytes),
    ("campaign", Text),
    ("seats_held", Number),
    ("seats_booked", Number),
    ("expires_at_ms", Number),
    ("ended_at_ms", Number),
];
pub(crate) const HOLDS: &[Column] = &[
    ("id", Bytes),
    ("campaign", Text),
    ("slot", Text),
    ("pass_id", Bytes),
    ("ags", Number),
    ("seats", Number),
    ("seats_booked", Number),
    ("renewals", Number),
    ("held_at_ms", Number),
    ("expires_at_ms", Number),
    ("state", Text),
];
pub(crate) const HOLD_CHANGES: &[Column] = &[
    ("id", Bytes),
    ("seats_booked", Number),
    ("renewals", Number),
    ("expires_at_ms", Number),
    ("state", Text),
];
pub(crate) const CANCELLATIONS: &[Column] = &[("id", Bytes), ("cancelled_at_ms", Number)];
pub(crate) const BOOKINGS: &[Column] = &[
    ("id", Bytes),
    ("campaign", Text),
    ("slot", Text),
    ("hold", Bytes),
    ("pass_id", Bytes),
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

/// A statement that writes one set of rows, of which every row must be written.
pub(crate) struct Part {
    /// What it does, to complete "failed to …".
    pub doing: &'static str,
    name: &'static str,
    pub columns: &'static [Column],
    template: &'static str,
}

/// What a batch writes after its cancellations, no row twice and each table independent of the
/// others.
pub(crate) const PARTS: [Part; 7] = [
    part("update slots", "slots", SLOT_CHANGES, include_str!("sql/update_slots.sql")),
    part("update pass uses", "pass_uses", PASS_USES, include_str!("sql/update_pass_uses.sql")),
    part("insert pass uses", "new_pass_uses", PASS_USES, include_str!("sql/insert_pass_uses.sql")),
    part("update holds", "holds", HOLD_CHANGES, include_str!("sql/update_holds.sql")),
    part("insert holds", "new_holds", HOLDS, include_str!("sql/insert_holds.sql")),
    part("insert bookings", "new_bookings", BOOKINGS, include_str!("sql/insert_bookings.sql")),
    part("insert records", "new_records", RECORDS, include_str!("sql/insert_records.sql")),
];

const fn part(
    doing: &'static str,
    name: &'static str,
    columns: &'static [Column],
    template: &'static str,
) -> Part {
    Part { doing, name, columns, template }
}

/// How the parts are written.
#[derive(Debug)]
pub(crate) enum WriteStatements {
    /// SQLite: one by one.
    Single([String; PARTS.len()]),
    /// PostgreSQL: all in one statement and one round trip, its text made at the first batch that
    /// has rows for just these parts. Its reply is how many rows were written.
    Joint(Box<[OnceLock<String>; 1 << PARTS.len()]>),
}

impl WriteStatements {
    fn new(backend: DbBackend) -> Self {
        if backend == DbBackend::Postgres {
            return Self::Joint(Box::new([const { OnceLock::new() }; 1 << PARTS.len()]));
        }
        Self::Single(
            PARTS
                .each_ref()
                .map(|part| statement(backend, part.template, &[(part.name, Rows(part.columns))])),
        )
    }
}

/// The text for the parts of which `is_needed` says so.
pub(crate) fn joint(texts: &[OnceLock<String>], is_needed: [bool; PARTS.len()]) -> &str {
    let place = is_needed.iter().rev().fold(0, |place, needed| place * 2 + usize::from(*needed));
    texts[place].get_or_init(|| {
        let needed: Vec<&Part> = PARTS
            .iter()
            .zip(is_needed)
            .filter(|(_, needed)| *needed)
            .map(|(part, _)| part)
            .collect();
        let written = |part: &&Part| format!("{}_written", part.name);
        let writes: Vec<String> = needed
            .iter()
            .map(|part| format!("{} AS (\n{}\nRETURNING 1)", written(part), part.template))
            .collect();
        let counts: Vec<String> =
            needed.iter().map(|part| format!("(SELECT COUNT(*) FROM {})", written(part))).collect();
        let template =
            format!("WITH {}\nSELECT {} AS written", writes.join(",\n"), counts.join(" + "));
        let parameters: Vec<(&str, Parameter)> =
            needed.iter().map(|part| (part.name, Rows(part.columns))).collect();
        statement(DbBackend::Postgres, &template, &parameters)
    })
}

/// The texts in the dialect of one database.
#[derive(Debug)]
pub(crate) struct Statements {
    pub lock_campaigns: String,
    pub overdue_holds: String,
    pub load: String,
    pub cancel: String,
    pub write: WriteStatements,
    pub apply_slots: String,
    pub availability: String,
    pub open_holds: String,
    pub departed_passes: String,
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
                    ("holds", Rows(BYTE_IDS)),
                    ("passes", Rows(BYTE_IDS)),
                    ("bookings", Rows(BYTE_IDS)),
                    ("persons", Rows(PERSONS)),
                    ("keys", Rows(KEYS)),
                    ("now", Scalar),
                ],
            ),
            cancel: of(
                include_str!("sql/update_cancelled.sql"),
                &[("cancellations", Rows(CANCELLATIONS))],
            ),
            write: WriteStatements::new(backend),
            apply_slots: of(include_str!("sql/apply_slots.sql"), &[("slots", Rows(APPLIED_SLOTS))]),
            availability: of(
                include_str!("sql/availability.sql"),
                &[("campaign", Scalar), ("now", Scalar)],
            ),
            open_holds: of(
                include_str!("sql/open_holds.sql"),
                &[("passes", Rows(BYTE_IDS)), ("now", Scalar)],
            ),
            departed_passes: of(
                include_str!("sql/departed_passes.sql"),
                &[("campaign", Scalar), ("now", Scalar), ("passes_max", Scalar)],
            ),
        }
    }
}
