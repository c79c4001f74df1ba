//! Rows that somebody has edited by hand: what cannot be carried out because of one fails alone (P20).

use std::sync::Arc;
use std::time::Duration;

use booking::contract::scene;
use booking::{
    BookSlotOutcome, BookingSecrets, BookingStore, Bookings, BookingsLimits, Command, Failure,
    Outcome, Person, PersonFields, StoreError,
};
use booking_db::{DbOptions, connect, migrate};
use futures_util::future::join_all;
use kernel::{ManualClock, SeededEntropy, SyncedClock};
use test_support::eventually;

use crate::fixture::{Fixture, keys, on_postgres, on_sqlite, run};

fn book(number: u32) -> Command {
    let pass = scene::grant(number, 1, scene::at(0));
    scene::book_slot(&pass, "c", number, number, scene::key(number, 1))
}

fn is_booked(outcomes: &[Outcome]) -> bool {
    let booked =
        |outcome: &Outcome| matches!(outcome, Outcome::BookSlot(BookSlotOutcome::Booked(_)));
    !outcomes.is_empty() && outcomes.iter().all(booked)
}

async fn edit(fixture: &Fixture, sql: &str) {
    assert_eq!(run(&fixture.database().await, sql).await.expect(sql), 1, "{sql}");
}

/// A constraint that the loaded rows do not explain is a defect of these rows, and not a store that
/// is away: the callers of other commands must not be turned away for it.
async fn rows_that_contradict_each_other_are_broken(fixture: Fixture) {
    let store = fixture.store();
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    assert!(is_booked(&store.execute(&[book(1)], scene::at(1)).await.expect("executes").outcomes));
    // The booking of person 1 now has the id that the booking of person 2 is to have.
    let id = scene::booking_id(2).to_string();
    let hex = id.strip_prefix("booking_").expect("a prefix");
    let is_postgres = fixture.url.starts_with("postgres");
    let literal = if is_postgres { format!("'\\x{hex}'") } else { format!("X'{hex}'") };
    edit(&fixture, &format!("UPDATE booking SET id = {literal}")).await;
    let refused = store.execute(&[book(2), book(3)], scene::at(1)).await;
    assert!(matches!(refused, Err(StoreError::Broken { .. })), "{refused:?}");
    assert!(is_booked(&store.execute(&[book(3)], scene::at(1)).await.expect("executes").outcomes));
}

#[tokio::test]
async fn rows_that_contradict_each_other_are_broken_on_postgres() {
    rows_that_contradict_each_other_are_broken(on_postgres().await).await;
}

#[tokio::test]
async fn rows_that_contradict_each_other_are_broken_on_sqlite() {
    rows_that_contradict_each_other_are_broken(on_sqlite().await).await;
}

/// An overdue hold is loaded with every command for its slot, whoever sends it.
async fn an_unreadable_hold_keeps_nobody_from_its_slot(fixture: Fixture) {
    let store = fixture.store();
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let pass = scene::grant(1, 4, scene::at(0));
    let hold = scene::hold(&pass, "c", 2, 1, scene::key(1, 1));
    store.execute(&[hold], scene::at(0)).await.expect("executes");
    edit(&fixture, "UPDATE hold SET ags = -1").await;
    let overdue = scene::at(600);
    assert!(is_booked(&store.execute(&[book(2)], overdue).await.expect("executes").outcomes));
    store.execute(&[scene::sweep(10)], overdue).await.expect("sweeps");
    let own = store.execute(&[scene::release(&pass, 1)], overdue).await;
    assert!(matches!(own, Err(StoreError::Broken { .. })), "{own:?}");
}

#[tokio::test]
async fn an_unreadable_hold_keeps_nobody_from_its_slot_on_postgres() {
    an_unreadable_hold_keeps_nobody_from_its_slot(on_postgres().await).await;
}

#[tokio::test]
async fn an_unreadable_hold_keeps_nobody_from_its_slot_on_sqlite() {
    an_unreadable_hold_keeps_nobody_from_its_slot(on_sqlite().await).await;
}

#[tokio::test]
async fn an_unreadable_campaign_hides_no_other_one() {
    let fixture = on_sqlite().await;
    let store = fixture.store();
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let other = booking::Campaign { id: scene::slot("other"), ..scene::campaign() };
    let plan = booking::CampaignPlan::new(other.clone()).expect("a plan");
    store.apply_campaign(&plan, scene::at(0)).await.expect("applies");
    edit(&fixture, "UPDATE campaign SET definition = '{}' WHERE id = 'rehearsal'").await;
    assert_eq!(store.campaigns().await.expect("answers"), [other]);
}

fn person(number: u32) -> Person {
    let name = char::from_u32('A' as u32 + number).expect("a letter");
    let fields = PersonFields {
        given_name: format!("Anna {name}"),
        family_name: "Muster".to_owned(),
        date_of_birth: "1970-01-31".to_owned(),
        email: None,
        phone: None,
        language: booking::Language::De,
    };
    Person::parse(fields, scene::at(0)).expect("plausible")
}

/// The record of one key is unreadable: of all who share a transaction with its owner, nobody else is
/// told so.
#[tokio::test]
async fn only_the_owner_of_an_unreadable_row_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/booking.db", folder.path().display());
    migrate(&url).await.expect("migrates");
    let clock = Arc::new(ManualClock::at(scene::at(0)));
    let store =
        connect(&url, &DbOptions::default(), clock.clone(), keys()).await.expect("connects");
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let (bookings, _tasks) = Bookings::start(
        Arc::new(store),
        Arc::new(SyncedClock::new(clock)),
        Arc::new(SeededEntropy::new(1)),
        BookingSecrets::new(&[1; 32], &[2; 32]),
        BookingsLimits::default(),
    );
    eventually("the campaign is known", Duration::from_secs(30), async || {
        bookings.view().generation > 0
    })
    .await;
    let book = |number: u32| {
        let pass = scene::grant(number, 1, scene::at(0));
        let bookings = Arc::clone(&bookings);
        async move { bookings.book_slot(pass, scene::slot("c"), &person(number), "k").await }
    };
    let first = book(0).await;
    assert!(matches!(first, Ok(BookSlotOutcome::Booked(_))), "{first:?}");
    let database = sea_orm::Database::connect(&url).await.expect("the database is there");
    let spoil = "UPDATE booking SET code = 'spoilt'";
    assert_eq!(run(&database, spoil).await.expect("edits"), 1);
    // All are in the queue before its task runs for the first time: one thread, no waiting between.
    let answers = join_all((0..20).map(book)).await;
    assert_eq!(answers[0], Err(Failure::Broken));
    for answer in &answers[1..] {
        assert!(matches!(answer, Ok(BookSlotOutcome::Booked(_))), "{answer:?}");
    }
}
