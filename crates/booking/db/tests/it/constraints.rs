//! The last guard: what the schema refuses even to a program that ignores the rules.

use booking::MailRules;
use booking::contract::scene;
use booking_db::{Failure, classify};
use sea_orm::{DatabaseConnection, DbErr};

use crate::fixture::{Fixture, number, on_postgres, on_sqlite, run};

async fn booked(fixture: &Fixture) -> DatabaseConnection {
    let now = scene::at(0);
    fixture.store().apply_campaign(&scene::plan(), now).await.expect("applies");
    let pass = scene::grant(1, 4, now);
    let commands = [
        scene::book_slot(&pass, "c", 1, 1, scene::key(1, 1)),
        scene::hold(&pass, "c", 2, 1, scene::key(2, 2)),
    ];
    fixture.store().execute(&commands, now).await.expect("executes");
    fixture.database().await
}

fn assert_refused(statement: &str, result: Result<u64, DbErr>) {
    let error = result.expect_err(statement);
    assert_eq!(classify(&error), Failure::Retry, "{statement}: {error}");
}

/// Copies the one booking, with other values in some columns.
fn copy_of_the_booking(others: &[(&str, &str)]) -> String {
    let columns = [
        "id",
        "campaign",
        "slot",
        "hold",
        "pass_id",
        "seat_no",
        "pass_seats",
        "pass_expires_at_ms",
        "ags",
        "person_key",
        "key_version",
        "person",
        "code",
        "manage_token_hash",
        "request_key",
        "fingerprint",
        "status",
        "booked_at_ms",
        "cancelled_at_ms",
        "token_generation",
        "sequence",
        "link_asked_at_ms",
        "car",
    ];
    let values = columns.map(|column| {
        others.iter().find(|(other, _)| *other == column).map_or(column, |(_, value)| *value)
    });
    format!("INSERT INTO booking SELECT {} FROM booking", values.join(", "))
}

/// Any hash that differs from the one it stands for.
const OTHER: &str = "manage_token_hash";

/// Whoever has the one booking waits besides, and has an offer. What is copied of them has other values in some
/// columns.
fn entry(others: &[(&str, &str)]) -> String {
    let columns = [
        ("id", "id"),
        ("campaign", "campaign"),
        ("number", "1"),
        ("pass_id", "pass_id"),
        ("seat_no", "1"),
        ("pass_seats", "4"),
        ("pass_expires_at_ms", "1"),
        ("ags", "ags"),
        ("person_key", "person_key"),
        ("key_version", "2"),
        ("person", "person"),
        ("token_hash", "manage_token_hash"),
        ("joined_at_ms", "1"),
        ("offers_missed", "0"),
        ("state", "'waiting'"),
        ("ended_at_ms", "NULL"),
        ("booking", "NULL"),
    ];
    insert_from_booking("waitlist_entry", &columns, others)
}

fn offer(others: &[(&str, &str)]) -> String {
    let columns = [
        ("id", "id"),
        ("campaign", "campaign"),
        ("entry", "id"),
        ("slot", "slot"),
        ("made_at_ms", "1"),
        ("expires_at_ms", "2"),
        ("state", "'open'"),
        ("ended_at_ms", "NULL"),
    ];
    insert_from_booking("offer", &columns, others)
}

fn insert_from_booking(table: &str, columns: &[(&str, &str)], others: &[(&str, &str)]) -> String {
    let values = columns.iter().map(|(column, value)| {
        others.iter().find(|(other, _)| other == column).map_or(*value, |(_, value)| *value)
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let columns = columns.iter().map(|(column, _)| *column).collect::<Vec<_>>().join(", ");
    format!("INSERT INTO {table} ({columns}) SELECT {values} FROM booking")
}

async fn the_schema_guards_waitlists(fixture: Fixture) {
    let database = booked(&fixture).await;
    for statement in [entry(&[]), offer(&[])] {
        assert_eq!(run(&database, &statement).await.expect("inserts"), 1, "{statement}");
    }
    let other = [("id", OTHER), ("number", "2"), ("seat_no", "2"), ("person_key", OTHER)];
    let but = |same: &str| -> Vec<(&str, &str)> {
        other.into_iter().filter(|(column, _)| *column != same).collect()
    };
    for statement in [
        // P1: what is kept is neither taken nor free. Three places of the slot are taken, and thirty released.
        "UPDATE slot SET reserved = -1 WHERE id = 'c'",
        "UPDATE slot SET reserved = released - taken + 1 WHERE id = 'c'",
        // P4; one number, one entry; a seat of a pass is taken once.
        &entry(&but("person_key")),
        &entry(&but("number")),
        &entry(&but("seat_no")),
        "UPDATE waitlist_entry SET number = 0",
        "UPDATE waitlist_entry SET seat_no = 0",
        "UPDATE waitlist_entry SET offers_missed = -1",
        // An entry and an offer end with a time, and in a way that there is.
        "UPDATE waitlist_entry SET state = 'left'",
        "UPDATE waitlist_entry SET state = 'booked', ended_at_ms = 1",
        "UPDATE waitlist_entry SET booking = id",
        "UPDATE waitlist_entry SET state = 'lost', ended_at_ms = 1",
        "UPDATE offer SET state = 'accepted'",
        "UPDATE offer SET state = 'lost', ended_at_ms = 1",
        "UPDATE offer SET ended_at_ms = 1",
        // An entry has one open offer.
        &offer(&[("id", OTHER)]),
    ] {
        assert_refused(statement, run(&database, statement).await);
    }
    for allowed in [
        "UPDATE slot SET reserved = released - taken WHERE id = 'c'",
        "UPDATE offer SET state = 'expired', ended_at_ms = 1",
        &offer(&[("id", OTHER)]),
        "UPDATE waitlist_entry SET state = 'left', ended_at_ms = 1",
        &entry(&but("person_key")),
    ] {
        assert_eq!(run(&database, allowed).await.expect(allowed), 1, "{allowed}");
    }
}

async fn the_schema_guards_the_promises(fixture: Fixture) {
    let database = booked(&fixture).await;
    for statement in [
        // P1
        "UPDATE slot SET taken = released + 1 WHERE id = 'c'",
        "UPDATE slot SET taken = -1 WHERE id = 'c'",
        "UPDATE slot SET released = capacity + 1 WHERE id = 'c'",
        // P4
        &copy_of_the_booking(&[("id", OTHER), ("seat_no", "2"), ("request_key", OTHER)]),
        // P9: a seat of a pass is taken once.
        &copy_of_the_booking(&[("id", OTHER), ("person_key", OTHER), ("request_key", OTHER)]),
        // P3
        &copy_of_the_booking(&[("id", OTHER), ("person_key", OTHER), ("seat_no", "2")]),
        // P7
        "UPDATE hold SET state = 'booked'",
        "UPDATE hold SET state = 'lost'",
        "UPDATE hold SET seats_booked = seats + 1",
        "UPDATE hold SET seats_booked = seats",
        // A pass for four, a booking that is neither.
        "UPDATE pass_use SET seats_held = 5",
        "UPDATE pass_use SET seats_held = -1",
        "UPDATE booking SET seat_no = 0",
        "UPDATE booking SET status = 'cancelled'",
        "UPDATE booking SET status = 'lost', cancelled_at_ms = 1",
        // P3
        "INSERT INTO idempotency SELECT key, fingerprint, campaign, recorded_at_ms, effect FROM idempotency",
        // P19: a number is one event's.
        "INSERT INTO event SELECT campaign, first_number, last_number, at_ms, events, hash FROM event",
        "UPDATE event SET first_number = last_number + 1",
        "UPDATE event SET first_number = 0",
    ] {
        assert_refused(statement, run(&database, statement).await);
    }
    assert_eq!(number(&database, "SELECT COUNT(*) FROM booking").await, 1);
}

async fn the_schema_guards_letters(fixture: Fixture) {
    let database = booked(&fixture).await;
    let rules = MailRules { remind_before: None };
    let campaign = scene::slot("rehearsal");
    let followed = fixture.mail().follow_events(&campaign, &rules, 100).await.expect("follows");
    assert_eq!(followed.mails, 1);
    for statement in [
        // Of an offer tells the letter that offers, and no other.
        "UPDATE mail SET offer = about",
        "UPDATE mail SET kind = 'offer'",
        // It ends with a time, in a way that there is, and then remembers nobody.
        "UPDATE mail SET status = 'sent'",
        "UPDATE mail SET settled_at_ms = 1",
        "UPDATE mail SET status = 'lost', settled_at_ms = 1",
        "UPDATE mail SET status = 'sent', settled_at_ms = 1, recipient = 'x'",
    ] {
        assert_refused(statement, run(&database, statement).await);
    }
}

#[tokio::test]
async fn postgres_guards_letters() {
    the_schema_guards_letters(on_postgres().await).await;
}

#[tokio::test]
async fn sqlite_guards_letters() {
    the_schema_guards_letters(on_sqlite().await).await;
}

async fn a_cancelled_booking_leaves_room_for_another(fixture: Fixture) {
    let database = booked(&fixture).await;
    let cancel = "UPDATE booking SET status = 'cancelled', cancelled_at_ms = 1";
    assert_eq!(run(&database, cancel).await.expect("cancels"), 1);
    let again = copy_of_the_booking(&[("id", OTHER), ("seat_no", "2"), ("request_key", OTHER)]);
    assert_eq!(run(&database, &again).await.expect("inserts"), 1);
}

#[tokio::test]
async fn postgres_guards_the_promises() {
    the_schema_guards_the_promises(on_postgres().await).await;
}

#[tokio::test]
async fn sqlite_guards_the_promises() {
    the_schema_guards_the_promises(on_sqlite().await).await;
}

#[tokio::test]
async fn postgres_guards_waitlists() {
    the_schema_guards_waitlists(on_postgres().await).await;
}

#[tokio::test]
async fn sqlite_guards_waitlists() {
    the_schema_guards_waitlists(on_sqlite().await).await;
}

#[tokio::test]
async fn a_cancelled_booking_leaves_room_on_postgres() {
    a_cancelled_booking_leaves_room_for_another(on_postgres().await).await;
}

#[tokio::test]
async fn a_cancelled_booking_leaves_room_on_sqlite() {
    a_cancelled_booking_leaves_room_for_another(on_sqlite().await).await;
}
