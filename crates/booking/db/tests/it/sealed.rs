//! What is stored of a person is sealed, and what becomes of it without the right keys.

use std::sync::Arc;

use booking::contract::scene;
use booking::{BookSlotOutcome, Booking, CancelOutcome, KeyOf, Outcome, PersonKey, StoreError};
use booking_db::{DbStore, MasterKey, MasterKeys};
use sea_orm::{ConnectionTrait, Statement};

use crate::fixture::{Fixture, number, on_both, on_postgres, on_sqlite, open_with, run};

const PLAIN: &str = "SELECT COUNT(*) FROM booking WHERE substr(person, 2, 1) = '\"'";

#[expect(clippy::unnecessary_wraps, reason = "what `open_with` takes")]
fn masters(current: u8, former: &[u8]) -> Option<MasterKeys> {
    let key = |id: u8| MasterKey::new(id, &[id; 32]);
    Some(MasterKeys::new(key(current), former.iter().map(|id| key(*id))).expect("ids"))
}

async fn execute(store: &DbStore, command: booking::Command) -> Result<Outcome, StoreError> {
    let executed = booking::BookingStore::execute(store, &[command], scene::at(1)).await?;
    Ok(executed.outcomes.into_iter().next().expect("an outcome"))
}

/// Persons `numbers` in bookings of the same numbers, by pass 1, one batch each.
async fn book(store: &DbStore, numbers: &[u32]) {
    let pass = scene::grant(1, 4, scene::at(0));
    for n in numbers {
        let outcome = execute(store, scene::book_slot(&pass, "c", *n, *n, scene::key(*n, 1))).await;
        let outcome = outcome.expect("answers");
        assert!(matches!(outcome, Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{outcome:?}");
    }
}

async fn applied(fixture: &Fixture) {
    fixture.store().apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
}

async fn booking(store: &DbStore, number: u32) -> Result<Option<Booking>, StoreError> {
    booking::BookingStore::booking(store, scene::booking_id(number)).await
}

/// The booking is of that person.
async fn assert_person(store: &DbStore, number: u32, person: u32) {
    let booking = booking(store, number).await.expect("readable").expect("is there");
    assert!(booking.registration.person == scene::registration(number, person).person);
}

/// What stands in the column, of booking 1, 2 …
async fn stored(fixture: &Fixture) -> Vec<String> {
    let database = fixture.database().await;
    let sql = "SELECT person FROM booking ORDER BY id";
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let rows = database.query_all_raw(statement).await.expect("answers");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}

/// By the careful path, by the fast one, and after a correction.
async fn nothing_of_a_person_is_stored_in_plain(fixture: Fixture) {
    applied(&fixture).await;
    book(&fixture.store, &[1, 2, 3]).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let corrected = execute(&fixture.store, scene::correct(&pass, 1, 9, scene::key(9, 1))).await;
    assert!(matches!(corrected.expect("answers"), Outcome::CorrectPerson(_)));
    for text in stored(&fixture).await {
        // Format 1, key version 1, and then what looks like chance.
        assert!(text.starts_with("AQ") && !text.contains('"'), "{text}");
    }
    for (number, person) in [(1, 9), (2, 2), (3, 3)] {
        assert_person(&fixture.store, number, person).await;
    }
    let keys = "SELECT COUNT(*) FROM campaign_key";
    assert_eq!(number(&fixture.database().await, keys).await, 1);
}

/// Who can write to the database cannot put one person in the place of another.
async fn a_text_that_was_moved_does_not_open(fixture: Fixture) {
    applied(&fixture).await;
    book(&fixture.store, &[1, 2]).await;
    let texts = stored(&fixture).await;
    let database = fixture.database().await;
    let swap = |from: usize, to: usize| {
        format!("UPDATE booking SET person = '{}' WHERE person = '{}'", texts[to], texts[from])
    };
    run(&database, &swap(0, 1)).await.expect("edits");
    let first = booking(&fixture.store, 1).await.expect_err("the other's text");
    assert!(first.to_string().contains("the stored person is unreadable"), "{first}");
    assert_person(&fixture.store, 2, 2).await;
    // The same row under the name of another campaign, with the key of the first one.
    run(&database, "UPDATE booking SET campaign = 'other'").await.expect("edits");
    assert!(booking(&fixture.store, 2).await.is_err(), "without a key");
    run(&database, "UPDATE campaign_key SET campaign = 'other'").await.expect("edits");
    assert!(booking(&fixture.store, 2).await.is_err(), "with the key of another campaign");
}

/// Nothing is lost: the right key opens everything again.
async fn without_the_right_master_key_nothing_is_lost(fixture: Fixture) {
    let right = open_with(&fixture.url, masters(1, &[])).await;
    applied(&fixture).await;
    book(&right, &[1, 2]).await;
    let wrong = Some(MasterKeys::new(MasterKey::new(1, &[99; 32]), []).expect("ids"));
    for (keys, why) in [(masters(2, &[]), "need the master key 1"), (wrong, "is not the one")] {
        let store = open_with(&fixture.url, keys).await;
        let problem = store.key_problem().await.expect("answers").expect("a problem");
        assert!(problem.contains(why) && problem.contains("Nothing is lost"), "{problem}");
        let ready = booking::BookingStore::ready(&store).await.expect_err("not ready");
        assert!(ready.to_string().contains(why), "{ready}");
        assert!(booking(&store, 1).await.is_err());
        let pass = scene::grant(2, 4, scene::at(0));
        let refused = execute(&store, scene::book_slot(&pass, "c", 3, 3, scene::key(3, 1))).await;
        assert!(refused.expect_err("no key").to_string().contains(why));
    }
    // Whatever needs nobody's name goes on.
    let blind = open_with(&fixture.url, None).await;
    booking::BookingStore::ready(&blind).await.expect("ready");
    let cancelled = execute(&blind, scene::cancel(2, scene::key(8, 1))).await.expect("answers");
    assert!(matches!(cancelled, Outcome::CancelBooking(CancelOutcome::Cancelled(_))));
    assert_eq!(right.key_problem().await.expect("answers"), None);
    assert_person(&right, 1, 1).await;
    book(&right, &[3]).await;
    assert_person(&right, 3, 3).await;
}

/// One damaged key takes no other campaign with it (P20).
async fn a_damaged_key_is_of_one_campaign(fixture: Fixture) {
    applied(&fixture).await;
    let other = booking::Campaign { id: scene::slot("other"), ..scene::campaign() };
    let plan = booking::CampaignPlan::new(other).expect("a plan");
    fixture.store().apply_campaign(&plan, scene::at(0)).await.expect("applies");
    book(&fixture.store, &[1]).await;
    let database = fixture.database().await;
    let copy = "INSERT INTO campaign_key SELECT 'other', version, master_key_id, wrapped_key, made_at_ms \
                FROM campaign_key";
    run(&database, copy).await.expect("edits");
    fixture.store().ready().await.expect("ready");
    assert_person(&fixture.store, 1, 1).await;
}

/// The former key can be taken away once the background task was there.
async fn a_master_key_is_replaced(fixture: Fixture) {
    applied(&fixture).await;
    let first = open_with(&fixture.url, masters(1, &[])).await;
    book(&first, &[1]).await;
    let both = open_with(&fixture.url, masters(2, &[1])).await;
    assert_person(&both, 1, 1).await;
    let wrap = async |store: &DbStore| booking::BookingStore::wrap_keys_anew(store).await;
    let too_early = open_with(&fixture.url, masters(2, &[])).await;
    assert_eq!(wrap(&too_early).await.expect("answers"), 1, "it says that one is left");
    assert_eq!(wrap(&both).await.expect("answers"), 0);
    assert_eq!(wrap(&both).await.expect("answers"), 0, "nothing is left to do");
    let second = open_with(&fixture.url, masters(2, &[])).await;
    booking::BookingStore::ready(&second).await.expect("ready");
    assert_person(&second, 1, 1).await;
    book(&second, &[2]).await;
    assert_person(&second, 2, 2).await;
    // An instance that was not told of the new key says so, and does no harm.
    assert!(booking::BookingStore::ready(&first).await.is_err());
}

const OLDER: &str = r#"{"given_name":"Anna","family_name":"Muster","date_of_birth":"1970-01-31"}"#;

/// They are read as they are, and sealed in the background.
async fn plain_rows_of_an_earlier_release_are_sealed(fixture: Fixture) {
    applied(&fixture).await;
    book(&fixture.store, &[1, 2]).await;
    let database = fixture.database().await;
    let first = "id = (SELECT id FROM booking ORDER BY id LIMIT 1)";
    let age = format!("UPDATE booking SET person = '{OLDER}' WHERE {first}");
    assert_eq!(run(&database, &age).await.expect("edits"), 1);
    run(&database, "DELETE FROM campaign_key").await.expect("edits");
    run(&database, "UPDATE booking SET person = 'null' WHERE person LIKE 'AQ%'")
        .await
        .expect("edits");
    let store = open_with(&fixture.url, masters(1, &[])).await;
    let name = async || {
        let booking = booking(&store, 1).await.expect("readable").expect("is there");
        booking.registration.person.clone().map(|person| person.given_name().to_owned())
    };
    assert_eq!(name().await.as_deref(), Some("Anna"));
    assert_eq!(number(&database, PLAIN).await, 1);
    let key_of: KeyOf = Arc::new(|_, _| PersonKey([9; 32]));
    let blind = open_with(&fixture.url, None).await;
    booking::BookingStore::update_older_bookings(&blind, None, key_of.clone(), 9)
        .await
        .expect("tries");
    assert_eq!(
        number(&database, PLAIN).await,
        1,
        "it cannot be done without keys, and does no harm"
    );
    let page = booking::BookingStore::update_older_bookings(&store, None, key_of.clone(), 9).await;
    assert_eq!(page.expect("updates"), Some(scene::booking_id(1)));
    let page = booking::BookingStore::update_older_bookings(&store, None, key_of, 9).await;
    assert_eq!(page.expect("updates"), None, "all done");
    assert_eq!(number(&database, PLAIN).await, 0);
    assert_eq!(name().await.as_deref(), Some("Anna"));
    let key =
        booking(&store, 1).await.expect("readable").expect("is there").registration.person_key;
    assert_eq!(key, scene::registration(1, 1).person_key, "the blind index stays");
}

on_both! {
    nothing_of_a_person_is_stored_in_plain: sealed_on_postgres, sealed_on_sqlite;
    a_text_that_was_moved_does_not_open: moved_on_postgres, moved_on_sqlite;
    without_the_right_master_key_nothing_is_lost: wrong_key_on_postgres, wrong_key_on_sqlite;
    a_damaged_key_is_of_one_campaign: damaged_key_on_postgres, damaged_key_on_sqlite;
    a_master_key_is_replaced: rotated_on_postgres, rotated_on_sqlite;
    plain_rows_of_an_earlier_release_are_sealed: older_rows_on_postgres, older_rows_on_sqlite;
}
