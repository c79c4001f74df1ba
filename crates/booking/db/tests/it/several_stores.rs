//! Several instances on one database.

use std::sync::Arc;

use booking::contract::{agree_with_the_model, carry_out, scene, script};
use booking::{BookSlotOutcome, BookingStore, Command, Outcome};
use booking_db::DbStore;

use crate::fixture::{Fixture, from_instances, number, on_postgres, on_sqlite, open};

const INSTANCES: u32 = 3;
/// The slot `c` of the scene opens 30 places.
const PLACES: usize = 30;
const PERSONS: u32 = 40;

/// Person `person` books the hot slot through instance `instance`, under a pass, an id and a key of
/// its own: as somebody does who tries in several browsers.
fn attempt(instance: u32, person: u32) -> Command {
    let number = instance * PERSONS + person;
    let pass = scene::grant(number, 1, scene::at(0));
    scene::book_slot(&pass, "c", number, person, scene::key(number, 1))
}

/// Every person through this instance, a few in each batch. Every other instance goes through the
/// people backwards.
async fn rush(store: Arc<DbStore>, instance: u32) -> Vec<Outcome> {
    let mut persons: Vec<u32> = (0..PERSONS).collect();
    if instance % 2 == 1 {
        persons.reverse();
    }
    let mut outcomes = Vec::new();
    for batch in persons.chunks(7) {
        let commands: Vec<Command> =
            batch.iter().map(|person| attempt(instance, *person)).collect();
        outcomes.extend(carry_out(&*store, &commands, scene::at(1)).await.expect("executes"));
    }
    outcomes
}

async fn a_place_and_a_person_are_booked_once(fixture: Fixture) {
    fixture.store().apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let outcomes = from_instances(&fixture, INSTANCES, rush).await;
    let count = |wanted: fn(&BookSlotOutcome) -> bool| {
        outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::BookSlot(of) if wanted(of)))
            .count()
    };
    assert_eq!(count(|outcome| matches!(outcome, BookSlotOutcome::Booked(_))), PLACES);
    assert!(count(|outcome| matches!(outcome, BookSlotOutcome::SlotFull)) > 0);

    let database = fixture.database().await;
    let bookings = "SELECT COUNT(*) FROM booking WHERE status = 'confirmed'";
    let persons = "SELECT COUNT(DISTINCT person_key) FROM booking WHERE status = 'confirmed'";
    let taken = "SELECT CAST(taken AS bigint) FROM slot WHERE id = 'c'";
    for sql in [bookings, persons, taken] {
        assert_eq!(usize::try_from(number(&database, sql).await), Ok(PLACES), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_and_a_person_are_booked_once_on_postgres() {
    a_place_and_a_person_are_booked_once(on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_and_a_person_are_booked_once_on_sqlite() {
    a_place_and_a_person_are_booked_once(on_sqlite().await).await;
}

/// What one instance applies, another one sees in its next batch, though it keeps campaigns in
/// memory.
async fn a_new_plan_is_seen_by_all(fixture: Fixture) {
    let other = open(&fixture.url).await;
    fixture.store().apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let book = |number: u32| {
        let pass = scene::grant(number, 1, scene::at(0));
        [scene::book_slot(&pass, "b", number, number, scene::key(number, 1))]
    };
    let booked = |outcomes: Vec<Outcome>| {
        matches!(outcomes.as_slice(), [Outcome::BookSlot(BookSlotOutcome::Booked(_))])
    };
    assert!(booked(other.execute(&book(1), scene::at(1)).await.expect("executes").outcomes));

    let mut closed = scene::campaign();
    closed.closes_at = scene::at(2);
    let plan = booking::CampaignPlan::new(closed).expect("a plan");
    fixture.store().apply_campaign(&plan, scene::at(1)).await.expect("applies");
    let executed = other.execute(&book(2), scene::at(3)).await.expect("executes");
    assert_eq!(executed.outcomes, [Outcome::BookSlot(BookSlotOutcome::CampaignClosed)]);
    let availability = other.availability(&scene::slot("rehearsal"), scene::at(3)).await;
    assert_eq!(availability.expect("answers").expect("exists").places_left(), 0);
}

#[tokio::test]
async fn a_new_plan_is_seen_by_all_on_postgres() {
    a_new_plan_is_seen_by_all(on_postgres().await).await;
}

#[tokio::test]
async fn a_new_plan_is_seen_by_all_on_sqlite() {
    a_new_plan_is_seen_by_all(on_sqlite().await).await;
}

/// A batch names a hold of another campaign, which it has not locked: it is as good as absent, and
/// above all it is not released without its campaign's lock.
#[tokio::test]
async fn a_hold_of_another_campaign_is_left_alone() {
    for fixture in [on_postgres().await, on_sqlite().await] {
        let store = fixture.store();
        store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
        let mut other = scene::campaign();
        other.id = scene::slot("other");
        let plan = booking::CampaignPlan::new(other).expect("a plan");
        store.apply_campaign(&plan, scene::at(0)).await.expect("applies");
        let pass = scene::grant(1, 4, scene::at(0));
        let hold = scene::hold(&pass, "c", 2, 1, scene::key(1, 1));
        store.execute(&[hold], scene::at(0)).await.expect("executes");

        let mut foreign = scene::grant(1, 4, scene::at(0));
        foreign.campaign = scene::slot("other");
        let overdue = scene::at(600);
        let executed =
            store.execute(&[scene::release(&foreign, 1)], overdue).await.expect("executes");
        assert_eq!(
            executed.outcomes,
            [Outcome::ReleaseHold(booking::ReleaseOutcome::HoldNotFound)]
        );
        let hold = store.hold(scene::hold_id(1)).await.expect("answers").expect("exists");
        assert_eq!(hold.state, booking::HoldState::Active);
    }
}

/// Instances that start at once with the same campaign file create it once: the others find it in force.
async fn starts_create_a_campaign_once(fixture: Fixture) {
    let mut starting = Vec::new();
    for _ in 0..INSTANCES {
        let store = open(&fixture.url).await;
        starting.push(tokio::spawn(async move {
            let request = booking::ApplyCampaign::at_start(scene::plan());
            store.change_campaign(&request, scene::at(0)).await.expect("applies")
        }));
    }
    let mut created = 0;
    for start in starting {
        match start.await.expect("no panic") {
            booking::Applied::Created(_) => created += 1,
            other => assert_eq!(other, booking::Applied::Unchanged { revision: 1 }),
        }
    }
    assert_eq!(created, 1);
    let history = fixture.store().revisions(&scene::slot("rehearsal")).await.expect("answers");
    assert_eq!(history.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_create_a_campaign_once_on_postgres() {
    starts_create_a_campaign_once(on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_create_a_campaign_once_on_sqlite() {
    starts_create_a_campaign_once(on_sqlite().await).await;
}

/// Whichever instance a batch goes through, and whatever each remembers of the campaign, it comes out as if there
/// were one: what an instance remembers is worth nothing once another has written.
#[tokio::test]
async fn two_instances_agree_with_the_model() {
    for seed in 0..4 {
        let fixture = on_postgres().await;
        let (one, other) = (open(&fixture.url).await, open(&fixture.url).await);
        // Mostly one of them, so that it has something to remember.
        let stores: [&dyn BookingStore; 5] = [&one, &one, &one, &one, &other];
        agree_with_the_model(&stores, script::random_rush(seed, 60)).await;
    }
}
