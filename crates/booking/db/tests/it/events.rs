//! The chain of events in a database: it outlives processes, tells nothing of what was rolled back, and is
//! one for all instances.

use std::sync::Arc;

use booking::contract::scene;
use booking::{Actor, BookingStore, ChainBreak, ChainEnd, Command, Event, Flaw, StoreError, What};
use booking_db::DbStore;

use crate::fixture::{Fixture, on_postgres, on_sqlite, open, run, told};

fn book(number: u32) -> Command {
    let pass = scene::grant(number, 4, scene::at(0));
    scene::book_slot(&pass, "c", number, number, scene::key(number, 1))
}

/// The numbers of the bookings told of.
fn booked(told: &[Event]) -> Vec<u32> {
    let number = |event: &Event| {
        let What::Booked { booking, .. } = event.what else { return None };
        let (first, _) = booking.as_bytes().split_first_chunk()?;
        Some(u32::from_be_bytes(*first))
    };
    told.iter().filter_map(number).collect()
}

async fn events_are_there_after_a_restart(fixture: Fixture) {
    let store = fixture.store();
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    for number in 1..=3 {
        let executed = store.execute(&[book(number)], scene::at(1)).await.expect("executes");
        assert_eq!(executed.events.len(), 1);
    }
    let before = told(store).await;
    assert_eq!(booked(&before), [1, 2, 3]);
    fixture.store.close().await.expect("closes");
    let store = open(&fixture.url).await;
    assert_eq!(told(&store).await, before);
    store.execute(&[book(4)], scene::at(2)).await.expect("executes");
    let after = told(&store).await;
    assert_eq!(booked(&after), [1, 2, 3, 4]);
    assert_eq!(after[..before.len()], before);
    assert!(after.iter().map(|event| event.number).eq(1..=5), "no gaps: {after:?}");
    let campaign = scene::slot("rehearsal");
    let removal = booking::RemoveCampaign {
        campaign,
        bookings: booking::ActiveBookings::Discard,
        intent: booking::Intent::Apply,
        actor: booking::RevisionActor::Operator,
        reason: None,
    };
    store.remove_campaign(&removal, scene::at(3)).await.expect("removes");
    store.close().await.expect("closes");
    let last = told(&open(&fixture.url).await).await.pop().expect("an event");
    let removed = What::CampaignRemoved { revision: 2, bookings: 4 };
    assert_eq!((last.number, last.actor, last.what), (6, Actor::Operator, removed));
}

#[tokio::test]
async fn events_are_there_after_a_restart_on_postgres() {
    events_are_there_after_a_restart(on_postgres().await).await;
}

#[tokio::test]
async fn events_are_there_after_a_restart_on_sqlite() {
    events_are_there_after_a_restart(on_sqlite().await).await;
}

/// The batch fails at its last row, after its events were written.
async fn what_was_rolled_back_is_not_told(fixture: Fixture) {
    let store = fixture.store();
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let pass = scene::grant(9, 4, scene::at(0));
    let batch =
        || [book(1), scene::hold(&pass, "c", 1, 1, scene::key(9, 1)), scene::end_pass(&pass)];
    let database = fixture.database().await;
    run(&database, "CREATE UNIQUE INDEX nobody_holds ON hold (seats)").await.expect("edits");
    let other = scene::grant(8, 4, scene::at(0));
    let held = scene::hold(&other, "c", 1, 8, scene::key(8, 1));
    store.execute(&[held], scene::at(1)).await.expect("executes");
    let before = told(store).await;
    for _ in 0..2 {
        let failed = store.execute(&batch()[1..], scene::at(2)).await;
        assert!(matches!(failed, Err(StoreError::Broken { .. })), "{failed:?}");
        assert_eq!(told(store).await, before);
    }
    run(&database, "DROP INDEX nobody_holds").await.expect("edits");
    store.execute(&batch(), scene::at(3)).await.expect("executes");
    let after = told(store).await;
    assert!(after.iter().map(|event| event.number).eq(1..=5), "no gaps: {after:?}");
}

#[tokio::test]
async fn what_was_rolled_back_is_not_told_on_postgres() {
    what_was_rolled_back_is_not_told(on_postgres().await).await;
}

#[tokio::test]
async fn what_was_rolled_back_is_not_told_on_sqlite() {
    what_was_rolled_back_is_not_told(on_sqlite().await).await;
}

async fn busy(store: Arc<DbStore>, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let pass = scene::grant(number, 4, scene::at(0));
        // Some batches are new bookings alone, others are not.
        let mut batch = vec![book(number)];
        if number % 3 == 0 {
            batch.push(scene::end_pass(&pass));
            batch.push(scene::cancel(number, scene::key(1_000 + number, 1)));
        }
        store.execute(&batch, scene::at(1)).await.expect("executes");
    }
}

async fn instances_add_to_one_chain(fixture: Fixture) {
    fixture.store().apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let mut instances = Vec::new();
    for instance in 0..3 {
        let store = Arc::new(open(&fixture.url).await);
        instances.push(tokio::spawn(busy(store, instance * 12..instance * 12 + 12)));
    }
    for instance in instances {
        instance.await.expect("no panic");
    }
    let told = told(fixture.store()).await;
    // One in three is told with three more: given back, cancelled, its place freed.
    assert!(told.iter().map(|event| event.number).eq(1..=1 + 36 + 3 * 12), "no gaps: {told:?}");
    let mut booked = booked(&told);
    booked.sort_unstable();
    assert!(booked.into_iter().eq(0..36));
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_add_to_one_chain_on_postgres() {
    instances_add_to_one_chain(on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_add_to_one_chain_on_sqlite() {
    instances_add_to_one_chain(on_sqlite().await).await;
}

/// Somebody with access to the database changes what was told, or takes it away.
async fn a_row_that_was_edited_shows(fixture: Fixture) {
    let store = fixture.store();
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    for number in 1..=3 {
        store.execute(&[book(number)], scene::at(1)).await.expect("executes");
    }
    let campaign = scene::slot("rehearsal");
    let verified = async || {
        let links = store.events(&campaign, 0, 10).await.expect("answers");
        ChainEnd::default().verify(&campaign, &links).map(|end| end.number)
    };
    assert_eq!(verified().await, Ok(4));
    let database = fixture.database().await;
    let edit =
        "UPDATE event SET events = REPLACE(events, 'booked', 'hatched') WHERE last_number = 3";
    assert_eq!(run(&database, edit).await.expect("edits"), 1);
    assert_eq!(verified().await, Err(ChainBreak { first: 3, last: 3, flaw: Flaw::Changed }));
    let delete = "DELETE FROM event WHERE last_number = 3";
    assert_eq!(run(&database, delete).await.expect("edits"), 1);
    assert_eq!(verified().await, Err(ChainBreak { first: 3, last: 3, flaw: Flaw::Missing }));
}

#[tokio::test]
async fn a_row_that_was_edited_shows_on_postgres() {
    a_row_that_was_edited_shows(on_postgres().await).await;
}

#[tokio::test]
async fn a_row_that_was_edited_shows_on_sqlite() {
    a_row_that_was_edited_shows(on_sqlite().await).await;
}

/// A campaign that was in force before there were events begins its chain with the next thing that happens.
async fn a_campaign_from_before_begins_its_chain(fixture: Fixture) {
    let store = fixture.store();
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let database = fixture.database().await;
    for edit in ["DELETE FROM event", "UPDATE campaign SET event_number = 0, event_hash = NULL"] {
        assert_eq!(run(&database, edit).await.expect("edits"), 1, "{edit}");
    }
    for number in 1..=3 {
        store.execute(&[book(number)], scene::at(1)).await.expect("executes");
    }
    assert_eq!(booked(&told(store).await), [1, 2, 3]);
}

#[tokio::test]
async fn a_campaign_from_before_begins_its_chain_on_postgres() {
    a_campaign_from_before_begins_its_chain(on_postgres().await).await;
}

#[tokio::test]
async fn a_campaign_from_before_begins_its_chain_on_sqlite() {
    a_campaign_from_before_begins_its_chain(on_sqlite().await).await;
}
