//! What happens when PostgreSQL is killed and comes back.

use std::sync::Arc;
use std::time::Duration;

use booking::contract::scene;
use booking::{BookSlotOutcome, BookingStore, Command, Outcome, StoreError};
use booking_db::{DbOptions, connect, migrate};
use kernel::SystemClock;
use test_support::{PostgresServer, eventually};

fn book(number: u32) -> [Command; 1] {
    let pass = scene::grant(number, 1, scene::at(0));
    [scene::book_slot(&pass, "c", number, number, scene::key(number, 1))]
}

fn is_booked(outcomes: &[Outcome]) -> bool {
    matches!(outcomes, [Outcome::BookSlot(BookSlotOutcome::Booked(_))])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_recovers_and_nothing_that_was_answered_is_lost() {
    let server = PostgresServer::start().await.expect("PostgreSQL starts");
    let url = server.create_database().await.expect("a database");
    migrate(&url).await.expect("migrates");
    let options = DbOptions { acquire_timeout_ms: 300, ..DbOptions::default() };
    let store = connect(&url, &options, Arc::new(SystemClock)).await.expect("connects");
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    // Every connection of both pools is open and idle when the server dies.
    let (first, second) = (book(1), book(2));
    let (one, other, _, _) = tokio::join!(
        store.execute(&first, scene::at(1)),
        store.execute(&second, scene::at(1)),
        store.now(),
        store.now()
    );
    let answered = [one.expect("executes"), other.expect("executes")];
    assert!(answered.iter().all(|outcomes| is_booked(outcomes)), "{answered:?}");

    server.kill9().expect("kills");
    let while_down = store.execute(&book(3), scene::at(1)).await;
    assert!(matches!(while_down, Err(StoreError::Unavailable { .. })), "{while_down:?}");
    let while_down = store.ready().await;
    assert!(matches!(while_down, Err(StoreError::Unavailable { .. })), "{while_down:?}");

    server.restart().await.expect("restarts");
    eventually("the store answers again", Duration::from_secs(10), async || {
        store.ready().await.is_ok()
    })
    .await;
    // The repeats find their effects; the one that met the dead server had none and has one now.
    for (number, before) in [(1, Some(&answered[0])), (2, Some(&answered[1])), (3, None)] {
        let repeated = store.execute(&book(number), scene::at(2)).await.expect("executes");
        assert!(is_booked(&repeated), "{repeated:?}");
        assert!(before.is_none_or(|before| *before == repeated), "{before:?} and {repeated:?}");
    }
    let availability = store.availability(&scene::slot("rehearsal"), scene::at(2)).await;
    let availability = availability.expect("answers").expect("exists");
    let hot = availability.slots.iter().find(|slot| slot.slot == scene::slot("c")).expect("a slot");
    assert_eq!(hot.places_left, 27);
}
