//! Every set-based statement, with the sets and values it takes.

use sea_orm::DbBackend;

use crate::apply::PURGED;
use crate::batch::{WriteTexts, load_template, optimistic_text};
use crate::dialect::Kind::{Bytes, Text};
use crate::dialect::Parameter::{Rows, Scalar};
use crate::dialect::{Column, Parameter, statement};
use crate::read::waitlist_entry_template;
use crate::tables::booking::{CANCELLATIONS, CHANGES};
use crate::tables::{event, mail, offer, slot, waitlist_entry, webhook_delivery};

/// Campaigns have names.
pub(crate) const IDS: &[Column] = &[("id", Text)];
pub(crate) const SLOT_KEYS: &[Column] = &[("campaign", Text), ("id", Text)];
pub(crate) const BYTE_IDS: &[Column] = &[("id", Bytes)];
pub(crate) const PERSON_KEYS: &[Column] = &[("person_key", Bytes)];
pub(crate) const KEYS: &[Column] = &[("key", Bytes)];
pub(crate) const CARS: &[Column] = &[("car", Bytes)];
/// The slots of a plan, whole.
pub(crate) const APPLIED_SLOTS: &[Column] = slot::TABLE.columns;
/// Bookings of an earlier release: who it is as it is stored, and sealed.
pub(crate) const SEALED: &[Column] = &[("id", Bytes), ("plain", Text), ("person", Text)];
/// Bookings of an earlier release with the key of this one.
pub(crate) const NEW_KEYS: &[Column] = &[("id", Bytes), ("person_key", Bytes)];

/// What `load.sql` takes, in the order in which it is bound.
const LOAD_PARAMETERS: &[(&str, Parameter)] = &[
    ("campaigns", Rows(IDS)),
    ("slots", Rows(SLOT_KEYS)),
    ("holds", Rows(BYTE_IDS)),
    ("passes", Rows(BYTE_IDS)),
    ("bookings", Rows(BYTE_IDS)),
    ("persons", Rows(PERSON_KEYS)),
    ("keys", Rows(KEYS)),
    ("cars", Rows(CARS)),
    ("entries", Rows(BYTE_IDS)),
    ("offers", Rows(BYTE_IDS)),
    ("waitlists", Rows(IDS)),
    ("whole", Rows(IDS)),
    ("now", Scalar),
];

/// The texts in the dialect of one database.
#[derive(Debug)]
pub(crate) struct Statements {
    pub lock_campaigns: String,
    pub touch_campaigns: String,
    pub overdue_holds: String,
    pub load: String,
    pub cancel: String,
    pub vacate_keys: String,
    pub change: String,
    pub write: WriteTexts,
    pub insert_events: String,
    /// Of the fast path; for PostgreSQL only.
    pub optimistic: String,
    pub apply_slots: String,
    pub availability: String,
    pub waitlist: WaitlistTexts,
    pub open_holds: String,
    pub seats_taken: String,
    pub departed_passes: String,
    pub older_bookings: String,
    pub rekey_bookings: String,
    pub erase_bookings: String,
    pub mail: MailTexts,
    pub webhook: WebhookTexts,
    pub seal_bookings: String,
    /// Each deletes some rows of a campaign from one of [`PURGED`].
    pub purge: [String; PURGED.len()],
}

/// The texts about letters.
#[derive(Debug)]
pub(crate) struct MailTexts {
    pub insert: String,
    pub insert_cancelled: String,
    pub lease: String,
}

impl MailTexts {
    fn new(backend: DbBackend) -> Self {
        let of = |template: &str, parameters: &[(&str, Parameter)]| {
            statement(backend, template, parameters)
        };
        let mails = [("mails", Rows(mail::NEW))];
        let lease = ["lease", "until", "rank", "now", "mails_max"].map(|name| (name, Scalar));
        Self {
            insert: of(include_str!("sql/insert_mails.sql"), &mails),
            insert_cancelled: of(include_str!("sql/insert_cancelled_mails.sql"), &mails),
            lease: of(include_str!("sql/lease_mails.sql"), &lease),
        }
    }
}

/// The texts about webhooks.
#[derive(Debug)]
pub(crate) struct WebhookTexts {
    pub insert: String,
    pub lease: String,
}

impl WebhookTexts {
    fn new(backend: DbBackend) -> Self {
        let deliveries = [("deliveries", Rows(webhook_delivery::NEW))];
        let lease = ["endpoint", "lease", "until", "now", "deliveries_max"];
        let lease = lease.map(|name| (name, Scalar));
        Self {
            insert: statement(backend, include_str!("sql/insert_deliveries.sql"), &deliveries),
            lease: statement(backend, include_str!("sql/lease_deliveries.sql"), &lease),
        }
    }
}

fn purge_texts(backend: DbBackend) -> [String; PURGED.len()] {
    let parameters = [("campaign", Scalar), ("rows_max", Scalar)];
    PURGED.map(|table| statement(backend, &table.template(), &parameters))
}

impl Statements {
    pub fn new(backend: DbBackend) -> Self {
        let of = |template: &str, parameters: &[(&str, Parameter)]| {
            statement(backend, template, parameters)
        };
        Self {
            lock_campaigns: of(include_str!("sql/lock_campaigns.sql"), &[("campaigns", Rows(IDS))]),
            touch_campaigns: of(
                include_str!("sql/touch_campaigns.sql"),
                &[("campaigns", Rows(IDS))],
            ),
            overdue_holds: of(
                include_str!("sql/overdue_holds.sql"),
                &[("campaign", Scalar), ("now", Scalar), ("holds_max", Scalar)],
            ),
            load: of(&load_template(), LOAD_PARAMETERS),
            cancel: of(
                include_str!("sql/update_cancelled.sql"),
                &[("cancellations", Rows(CANCELLATIONS))],
            ),
            vacate_keys: of(include_str!("sql/vacate_keys.sql"), &[("vacated", Rows(BYTE_IDS))]),
            change: of(include_str!("sql/update_changed.sql"), &[("changes", Rows(CHANGES))]),
            write: WriteTexts::new(backend),
            insert_events: of(
                &event::TABLE.insert("events"),
                &[("events", Rows(event::TABLE.columns))],
            ),
            optimistic: optimistic_text(),
            apply_slots: of(include_str!("sql/apply_slots.sql"), &[("slots", Rows(APPLIED_SLOTS))]),
            availability: of(
                include_str!("sql/availability.sql"),
                &[("campaign", Scalar), ("now", Scalar)],
            ),
            waitlist: WaitlistTexts::new(backend),
            open_holds: of(
                include_str!("sql/open_holds.sql"),
                &[("passes", Rows(BYTE_IDS)), ("now", Scalar)],
            ),
            seats_taken: of(
                include_str!("sql/seats_taken.sql"),
                &[("pass", Scalar), ("now", Scalar)],
            ),
            older_bookings: of(
                include_str!("sql/older_bookings.sql"),
                &[("after", Scalar), ("bookings_max", Scalar)],
            ),
            rekey_bookings: of(
                include_str!("sql/rekey_bookings.sql"),
                &[("new_keys", Rows(NEW_KEYS))],
            ),
            erase_bookings: of(
                include_str!("sql/erase_bookings.sql"),
                &[("cancelled", Rows(BYTE_IDS))],
            ),
            mail: MailTexts::new(backend),
            webhook: WebhookTexts::new(backend),
            purge: purge_texts(backend),
            seal_bookings: of(include_str!("sql/seal_bookings.sql"), &[("sealed", Rows(SEALED))]),
            departed_passes: of(
                include_str!("sql/departed_passes.sql"),
                &[("campaign", Scalar), ("now", Scalar), ("passes_max", Scalar)],
            ),
        }
    }
}

/// Those of waitlists alone.
#[derive(Debug)]
pub(crate) struct WaitlistTexts {
    pub call_up: String,
    pub persons: String,
    pub update_entries: String,
    pub end_offers: String,
    pub entry: String,
}

impl WaitlistTexts {
    fn new(backend: DbBackend) -> Self {
        let of = |template: &str, parameters: &[(&str, Parameter)]| {
            statement(backend, template, parameters)
        };
        Self {
            call_up: of(
                include_str!("sql/call_up.sql"),
                &[("campaign", Scalar), ("entries_max", Scalar)],
            ),
            persons: of(include_str!("sql/waiting_persons.sql"), &[("entries", Rows(BYTE_IDS))]),
            update_entries: of(
                include_str!("sql/update_entries.sql"),
                &[("entries", Rows(waitlist_entry::CHANGES))],
            ),
            end_offers: of(include_str!("sql/end_offers.sql"), &[("offers", Rows(offer::CHANGES))]),
            entry: of(&waitlist_entry_template(), &[("id", Scalar)]),
        }
    }
}
