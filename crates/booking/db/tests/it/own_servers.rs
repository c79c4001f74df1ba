//! What happens when PostgreSQL is killed and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use booking::contract::scene;
use booking::{BookSlotOutcome, BookingStore, Command, Executed, Outcome, StoreError, What};
use booking_db::{DbOptions, DbStore, connect, migrate};
use kernel::SystemClock;
use test_support::{PostgresServer, eventually};

use crate::fixture::{keys, number, told};

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
    let options = DbOptions::default();
    let store = connect(&url, &options, Arc::new(SystemClock), keys()).await.expect("connects");
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    // Every connection of both pools is open and idle when the server dies.
    let (first, second) = (book(1), book(2));
    let (one, other, _, _) = tokio::join!(
        store.execute(&first, scene::at(1)),
        store.execute(&second, scene::at(1)),
        store.now(),
        store.now()
    );
    let answered = [one.expect("executes").outcomes, other.expect("executes").outcomes];
    assert!(answered.iter().all(|outcomes| is_booked(outcomes)), "{answered:?}");

    server.kill9().expect("kills");
    let while_down = store.execute(&book(3), scene::at(1)).await;
    assert!(matches!(while_down, Err(StoreError::Unavailable { .. })), "{while_down:?}");
    let while_down = store.ready().await;
    assert!(matches!(while_down, Err(StoreError::Unavailable { .. })), "{while_down:?}");

    server.restart().await.expect("restarts");
    eventually("the store answers again", Duration::from_mins(1), async || {
        store.ready().await.is_ok()
    })
    .await;
    // The repeats find their effects; the one that met the dead server had none and has one now.
    for (number, before) in [(1, Some(&answered[0])), (2, Some(&answered[1])), (3, None)] {
        let repeated = store.execute(&book(number), scene::at(2)).await.expect("executes").outcomes;
        assert!(is_booked(&repeated), "{repeated:?}");
        assert!(before.is_none_or(|before| *before == repeated), "{before:?} and {repeated:?}");
    }
    let availability = store.availability(&scene::slot("rehearsal"), scene::at(2)).await;
    let availability = availability.expect("answers").expect("exists");
    let hot = availability.slots.iter().find(|slot| slot.slot == scene::slot("c")).expect("a slot");
    assert_eq!(hot.places_left, 27);
}

/// Three people at once, on a slot that has places for everybody.
fn batch(first: u32) -> Vec<Command> {
    (first..first + 3).flat_map(book).collect()
}

/// Books batch after batch until the server is gone; the batches answered, and the one whose fate
/// is unknown.
async fn book_until_killed(
    store: Arc<DbStore>,
    first: u32,
    booked: Arc<AtomicUsize>,
) -> (Vec<u32>, u32) {
    let mut answered = Vec::new();
    for first in (first..first + 30_000).step_by(3) {
        match store.execute(&batch(first), scene::at(1)).await {
            Ok(Executed { outcomes, .. }) => {
                assert!(outcomes.chunks(1).all(is_booked), "{outcomes:?}");
                answered.push(first);
                booked.fetch_add(1, Ordering::Relaxed);
            }
            Err(StoreError::Unavailable { .. }) => return (answered, first),
            Err(broken) => panic!("{broken:?}"),
        }
    }
    panic!("the server was never killed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_amid_batches_loses_and_doubles_nothing() {
    let server = PostgresServer::start().await.expect("PostgreSQL starts");
    let url = server.create_database().await.expect("a database");
    migrate(&url).await.expect("migrates");
    let options = DbOptions::default();
    let mut campaign = scene::campaign();
    campaign.slots[2].capacity = 60_000;
    campaign.slots[2].allotments = vec![60_000, 0];
    let plan = booking::CampaignPlan::new(campaign).expect("a plan");
    let booked = Arc::new(AtomicUsize::new(0));
    let mut instances = Vec::new();
    for first in [0, 30_000] {
        let store = connect(&url, &options, Arc::new(SystemClock), keys()).await.expect("connects");
        store.apply_campaign(&plan, scene::at(0)).await.expect("applies");
        let store = Arc::new(store);
        let task = tokio::spawn(book_until_killed(Arc::clone(&store), first, Arc::clone(&booked)));
        instances.push((store, task));
    }
    eventually("many batches are booked", Duration::from_secs(30), async || {
        booked.load(Ordering::Relaxed) >= 40
    })
    .await;
    server.kill9().expect("kills");
    let mut batches = Vec::new();
    for (_, task) in &mut instances {
        let (answered, unknown) = task.await.expect("no panic");
        batches.extend(answered);
        batches.push(unknown);
    }
    server.restart().await.expect("restarts");
    let store = &instances[0].0;
    eventually("the store answers again", Duration::from_mins(1), async || {
        store.ready().await.is_ok()
    })
    .await;
    // What was answered is there already and what is unknown is there or not: the repeat of either
    // leaves every person with one booking.
    for first in &batches {
        let outcomes =
            store.execute(&batch(*first), scene::at(2)).await.expect("executes").outcomes;
        assert!(outcomes.chunks(1).all(is_booked), "{outcomes:?}");
    }
    let database = sea_orm::Database::connect(&url).await.expect("connects");
    let persons = i64::try_from(batches.len() * 3).expect("few");
    for sql in [
        "SELECT COUNT(*) FROM booking WHERE status = 'confirmed'",
        "SELECT COUNT(DISTINCT person_key) FROM booking",
        "SELECT COUNT(DISTINCT request_key) FROM booking",
        "SELECT CAST(taken AS bigint) FROM slot WHERE id = 'c'",
    ] {
        assert_eq!(number(&database, sql).await, persons, "{sql}");
    }
    // P19: of each booking it was told once, whatever became of the answer.
    let told = told(&**store).await;
    let booked = told.iter().filter(|event| matches!(event.what, What::Booked { .. })).count();
    assert_eq!(booked, batches.len() * 3);
}
