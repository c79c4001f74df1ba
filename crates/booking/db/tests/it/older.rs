//! Bookings of an earlier release, cancelled bookings, and persons that today's rules would refuse.

use std::sync::Arc;
use std::time::Duration;

use booking::contract::scene;
use booking::{BookingSecrets, Bookings, BookingsLimits, KeyOf, Outcome, PersonKey, PersonalData};
use kernel::{CampaignId, SeededEntropy, SyncedClock, SystemClock};
use test_support::eventually;

use crate::fixture::{Fixture, number, on_both, on_postgres, on_sqlite, open, run};

const SOON: Duration = Duration::from_secs(30);

/// Two bookings of pass 1, numbers 1 and 2 for persons 1 and 2.
async fn booked(fixture: &Fixture) {
    let now = scene::at(0);
    // By the clock of today it is over for long, and would be purged.
    let personal_data = PersonalData { purge_after_days: u16::MAX };
    let kept = booking::Campaign { personal_data, ..scene::campaign() };
    let plan = booking::CampaignPlan::new(kept).expect("a plan");
    fixture.store().apply_campaign(&plan, now).await.expect("applies");
    let pass = scene::grant(1, 4, now);
    let commands = [1, 2].map(|n| scene::book_slot(&pass, "c", n, n, scene::key(n, 1)));
    fixture.store().execute(&commands, now).await.expect("executes");
}

async fn execute(fixture: &Fixture, command: booking::Command) -> Outcome {
    let executed = fixture.store().execute(&[command], scene::at(1)).await.expect("executes");
    executed.outcomes.into_iter().next().expect("an outcome")
}

/// What the row would be if the earlier release had written it.
async fn age(fixture: &Fixture, number: u32) {
    let database = fixture.database().await;
    let key = if fixture.url.starts_with("sqlite") {
        format!("X'{number:08x}{}'", "07".repeat(28))
    } else {
        format!("'\\x{number:08x}{}'", "07".repeat(28))
    };
    let phrase = format!(
        "UPDATE booking SET key_version = 1, person_key = {key} WHERE {}",
        of(fixture, number)
    );
    assert_eq!(run(&database, &phrase).await.expect("updates"), 1);
}

fn of(fixture: &Fixture, number: u32) -> String {
    let id = format!("{number:08x}{}", "03".repeat(12));
    if fixture.url.starts_with("sqlite") {
        format!("id = X'{id}'")
    } else {
        format!("id = '\\x{id}'")
    }
}

fn is_already_booked(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::BookSlot(booking::BookSlotOutcome::AlreadyBooked))
}

/// P4: the key of version 1 is found until it is replaced, and the new one from then on.
async fn a_person_is_one_across_versions(fixture: Fixture) {
    booked(&fixture).await;
    for number in [1, 2] {
        age(&fixture, number).await;
    }
    let pass = scene::grant(2, 4, scene::at(0));
    let again = |key| scene::book_slot(&pass, "c", 3, 1, scene::key(key, 1));
    assert!(is_already_booked(&execute(&fixture, again(3)).await), "by the key of version 1");

    let store = fixture.store();
    let key_of: KeyOf = Arc::new(|_: &CampaignId, person: &booking::Person| match person.email() {
        None => PersonKey([81; 32]),
        Some(_) => PersonKey([82; 32]),
    });
    let first = store.update_older_bookings(None, key_of.clone(), 1).await.expect("updates");
    assert_eq!(first, Some(scene::booking_id(1)));
    let second = store.update_older_bookings(first, key_of.clone(), 1).await.expect("updates");
    assert_eq!(second, Some(scene::booking_id(2)));
    assert_eq!(store.update_older_bookings(second, key_of.clone(), 1).await.expect("ends"), None);
    assert_eq!(
        store.update_older_bookings(None, key_of.clone(), 9).await.expect("ends"),
        None,
        "all done"
    );
    let keys = [1, 2].map(scene::booking_id);
    for (id, key) in keys.into_iter().zip([81, 82]) {
        let booking = store.booking(id).await.expect("answers").expect("is there");
        assert_eq!(booking.registration.person_key, PersonKey([key; 32]));
    }
}

/// Nobody has to ask for it.
async fn the_running_service_brings_them_up_to_date(fixture: Fixture) {
    booked(&fixture).await;
    for number in [1, 2] {
        age(&fixture, number).await;
    }
    let secrets = BookingSecrets::new(&[1; 32], &[2; 32]);
    let expected = [1, 2].map(|number| {
        let person = scene::registration(number, number).person.clone().expect("a person");
        secrets.person_key(&scene::slot("rehearsal"), &person)
    });
    let (service, tasks) = Bookings::start(
        Arc::new(open(&fixture.url).await),
        Arc::new(SyncedClock::new(Arc::new(SystemClock))),
        Arc::new(SeededEntropy::new(1)),
        secrets,
        BookingsLimits { view_every_ms: 1, ..BookingsLimits::default() },
    );
    let database = fixture.database().await;
    let done = "SELECT COUNT(*) FROM booking WHERE key_version = 2";
    eventually("the keys are of version 2", SOON, async || number(&database, done).await == 2)
        .await;
    for (number, key) in (1..).zip(expected) {
        let booking = fixture.store().booking(scene::booking_id(number)).await.expect("answers");
        assert_eq!(booking.expect("is there").registration.person_key, key);
    }
    service.shut_down();
    tasks.finished().await;
}

/// Two bookings of one person that version 1 took for two stay: the first has the key.
async fn what_one_person_booked_twice_stays(fixture: Fixture) {
    booked(&fixture).await;
    for number in [1, 2] {
        age(&fixture, number).await;
    }
    let store = fixture.store();
    let key_of: KeyOf = Arc::new(|_, _| PersonKey([9; 32]));
    for bookings_max in [9, 1] {
        let mut after = None;
        loop {
            after = store
                .update_older_bookings(after, key_of.clone(), bookings_max)
                .await
                .expect("updates");
            if after.is_none() {
                break;
            }
        }
    }
    let database = fixture.database().await;
    let count = async |condition: &str| {
        number(&database, &format!("SELECT COUNT(*) FROM booking WHERE {condition}")).await
    };
    assert_eq!(count("status = 'confirmed'").await, 2);
    assert_eq!(count(&format!("key_version = 2 AND {}", of(&fixture, 1))).await, 1);
    assert_eq!(count(&format!("key_version = 1 AND {}", of(&fixture, 2))).await, 1);
}

/// Who it was is gone with the cancellation; the replies to repeats are not.
async fn a_cancelled_booking_has_no_person(fixture: Fixture) {
    booked(&fixture).await;
    let cancelled = execute(&fixture, scene::cancel(1, scene::key(11, 1))).await;
    assert!(matches!(cancelled, Outcome::CancelBooking(booking::CancelOutcome::Cancelled(_))));
    let repeated = execute(&fixture, scene::cancel(1, scene::key(11, 1))).await;
    assert_eq!(repeated, cancelled);
    let again = execute(&fixture, scene::cancel(1, scene::key(12, 1))).await;
    assert_eq!(again, Outcome::CancelBooking(booking::CancelOutcome::AlreadyCancelled));
    let booking = fixture.store().booking(scene::booking_id(1)).await.expect("answers");
    let registration = booking.expect("is there").registration.clone();
    assert_eq!((&registration.person, registration.person_key), (&None, PersonKey::ERASED));
    // An instance of the earlier release cancels the other one, and leaves who it was.
    let database = fixture.database().await;
    let cancel =
        "UPDATE booking SET status = 'cancelled', cancelled_at_ms = 1 WHERE status = 'confirmed'";
    assert_eq!(run(&database, cancel).await.expect("updates"), 1);
    let key_of: KeyOf = Arc::new(|_, _| PersonKey([9; 32]));
    fixture.store().update_older_bookings(None, key_of.clone(), 9).await.expect("updates");
    let erased = "SELECT COUNT(*) FROM booking WHERE person = 'null' AND key_version = 0 AND status = 'cancelled'";
    assert_eq!(number(&database, erased).await, 2);
    let pass = scene::grant(2, 4, scene::at(0));
    let booked_again =
        execute(&fixture, scene::book_slot(&pass, "c", 3, 1, scene::key(3, 1))).await;
    assert!(matches!(booked_again, Outcome::BookSlot(booking::BookSlotOutcome::Booked(_))));
}

/// What is stored of a person is read as it is, and not needed to cancel.
async fn whatever_is_stored_of_a_person_the_booking_can_be_cancelled(fixture: Fixture) {
    booked(&fixture).await;
    let database = fixture.database().await;
    let implausible =
        r#"{"given_name":"4","family_name":"","date_of_birth":"1789-07-14","email":"a@b@c"}"#;
    let set = |person: &str, number| {
        format!("UPDATE booking SET person = '{person}' WHERE {}", of(&fixture, number))
    };
    run(&database, &set(implausible, 1)).await.expect("updates");
    run(&database, &set("garbage", 2)).await.expect("updates");
    let store = fixture.store();
    let booking = store.booking(scene::booking_id(1)).await.expect("answers").expect("is there");
    let person = booking.registration.person.clone().expect("a person");
    assert_eq!(
        (person.given_name(), person.date_of_birth().to_string()),
        ("4", "1789-07-14".into())
    );
    assert!(store.booking(scene::booking_id(2)).await.is_err(), "no person at all");
    for number in [1, 2] {
        let head = store.booking_head(scene::booking_id(number)).await.expect("answers");
        assert_eq!(head.expect("is there").manage_token_hash, scene::token_hash(number));
        let cancelled = execute(&fixture, scene::cancel(number, scene::key(10 + number, 1))).await;
        assert!(matches!(cancelled, Outcome::CancelBooking(booking::CancelOutcome::Cancelled(_))));
    }
    assert!(store.booking_head(scene::booking_id(3)).await.expect("answers").is_none());
}

on_both! {
    a_person_is_one_across_versions: across_versions_on_postgres, across_versions_on_sqlite;
    the_running_service_brings_them_up_to_date:
        running_service_on_postgres, running_service_on_sqlite;
    what_one_person_booked_twice_stays: twice_booked_on_postgres, twice_booked_on_sqlite;
    a_cancelled_booking_has_no_person: erased_on_postgres, erased_on_sqlite;
    whatever_is_stored_of_a_person_the_booking_can_be_cancelled:
        unreadable_person_on_postgres, unreadable_person_on_sqlite;
}
