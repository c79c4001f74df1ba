//! The last guard: what the schema refuses even to a program that ignores the rules.

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
    ];
    let values = columns.map(|column| {
        others.iter().find(|(other, _)| *other == column).map_or(column, |(_, value)| *value)
    });
    format!("INSERT INTO booking SELECT {} FROM booking", values.join(", "))
}

/// Any hash that differs from the one it stands for.
const OTHER: &str = "manage_token_hash";

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
async fn a_cancelled_booking_leaves_room_on_postgres() {
    a_cancelled_booking_leaves_room_for_another(on_postgres().await).await;
}

#[tokio::test]
async fn a_cancelled_booking_leaves_room_on_sqlite() {
    a_cancelled_booking_leaves_room_for_another(on_sqlite().await).await;
}
