//! Several instances on one database, and people who wait.

use std::sync::Arc;

use booking::contract::scene::{self, waitlist};
use booking::contract::script::random_waitlist;
use booking::contract::{agree_with_the_model_on_waitlists, carry_out};
use booking::{
    AcceptOutcome, BookingStore, CallUpOutcome, Command, JoinOutcome, Outcome, StoreError, Waitlist,
};
use booking_db::DbStore;

use crate::fixture::{
    Fixture, from_instances, number, on_both, on_postgres, on_sqlite, open, open_with,
};

const INSTANCES: u32 = 3;
const PERSONS: u32 = 12;

/// Whichever instance a batch goes through, people join, leave, accept, decline and are called as if there were one.
async fn two_instances_agree_with_the_model(fixture: Fixture, seed: u64) {
    let (one, other) = (open(&fixture.url).await, open(&fixture.url).await);
    // Mostly one of them, so that it has something to remember.
    let stores: [&dyn BookingStore; 3] = [&one, &one, &other];
    agree_with_the_model_on_waitlists(&stores, random_waitlist(seed, 60).await).await;
}

#[tokio::test]
async fn two_instances_agree_with_the_model_on_postgres() {
    for seed in 0..4 {
        two_instances_agree_with_the_model(on_postgres().await, seed).await;
    }
}

#[tokio::test]
async fn two_instances_agree_with_the_model_on_sqlite() {
    for seed in 4..6 {
        two_instances_agree_with_the_model(on_sqlite().await, seed).await;
    }
}

/// The places of the slots `a`, `b` and `c` for persons from 100 on, and everybody else waits.
async fn sell_out(store: &dyn BookingStore) {
    let rules = Waitlist { over_offer_percent: 300, ..waitlist::rules(PERSONS) };
    store.apply_campaign(&waitlist::plan(rules), scene::at(0)).await.expect("applies");
    let slots = ["a", "a", "a", "b", "b", "c", "c", "c", "c"];
    let bookings = (100..).zip(slots).map(|(number, slot)| {
        let pass = scene::grant(number, 1, scene::at(0));
        scene::book_slot(&pass, slot, number, number, scene::key(number, 0))
    });
    let bookings: Vec<Command> = bookings.collect();
    carry_out(store, &bookings, scene::at(0)).await.expect("executes");
}

/// Every instance asks that everybody joins, cancels the same bookings, calls up, and accepts every offer for whom it was
/// made: as if all had a frozen browser and pressed the button once more elsewhere.
async fn rush(store: Arc<DbStore>, instance: u32) -> Vec<Outcome> {
    let run = async |commands: Vec<Command>| {
        carry_out(&*store, &commands, scene::at(1)).await.expect("executes")
    };
    let attempt = |person: u32| instance * PERSONS + person;
    let joining = (0..PERSONS).map(|person| {
        let number = attempt(person);
        let pass = scene::grant(number, 1, scene::at(0));
        waitlist::join(&pass, number, person, scene::key(number, 0))
    });
    let mut outcomes = run(joining.collect()).await;
    let cancelling =
        [103, 105, 107].map(|number| scene::cancel(number, scene::key(900 + number, 0)));
    run(cancelling.to_vec()).await;
    outcomes.extend(run(vec![waitlist::call_up(1_000 * (instance + 1), 9)]).await);
    for person in 0..PERSONS {
        // Whose entry it is nobody here knows: it is that of the instance that was first.
        for entry in (0..INSTANCES).map(|first| waitlist::entry_id(first * PERSONS + person)) {
            let standing = store.waitlist_entry(entry).await.expect("answers");
            let Some(offer) = standing.and_then(|standing| standing.offer) else { continue };
            let number = 500 + attempt(person);
            let key = scene::key(number, 2);
            outcomes
                .extend(run(vec![waitlist::accept(entry, offer.id, (number, person), key)]).await);
        }
    }
    outcomes
}

async fn a_place_is_offered_and_accepted_once(fixture: Fixture) {
    sell_out(fixture.store()).await;
    let outcomes = from_instances(&fixture, INSTANCES, rush).await;
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
    let joined = count(|of| matches!(of, Outcome::JoinWaitlist(JoinOutcome::Joined(_))));
    assert_eq!(joined, PERSONS as usize, "everybody waits once");
    let accepted = count(|of| matches!(of, Outcome::AcceptOffer(AcceptOutcome::Booked(_))));
    let called =
        count(|of| matches!(of, Outcome::CallUp(CallUpOutcome::Done(of)) if of.offered > 0));
    assert!(called > 0 && accepted <= 3, "{called} call-ups, {accepted} of three places");

    // What nobody was in time for is called up again, and then nothing is left over.
    let store = fixture.store();
    let called = waitlist::call_up(9_000, 20);
    carry_out(store, &[called], scene::at(2)).await.expect("executes");
    let database = fixture.database().await;
    let count = async |sql: &str| number(&database, sql).await;
    let confirmed = count("SELECT COUNT(*) FROM booking WHERE status = 'confirmed'").await;
    let persons = "SELECT COUNT(DISTINCT person_key) FROM booking WHERE status = 'confirmed'";
    let taken = "SELECT CAST(SUM(taken) AS bigint) FROM slot";
    assert_eq!((count(persons).await, count(taken).await), (confirmed, confirmed));
    let kept = count("SELECT CAST(SUM(reserved) AS bigint) FROM slot").await;
    assert_eq!(confirmed + kept, 9, "each place has somebody or is offered");
    let open = count("SELECT COUNT(*) FROM offer WHERE state = 'open'").await;
    assert!(kept <= open, "{kept} places, {open} offers");
}

/// Without the key nobody's age can be known: then nothing is decided, rather than that nobody may have a place.
async fn nobody_is_called_without_the_key(fixture: Fixture) {
    let store = fixture.store();
    sell_out(store).await;
    let join = |number: u32| {
        let pass = scene::grant(number, 1, scene::at(0));
        waitlist::join(&pass, number, number, scene::key(number, 0))
    };
    let cancel = scene::cancel(103, scene::key(900, 0));
    carry_out(store, &[join(1), join(2), cancel], scene::at(1)).await.expect("executes");
    let called = carry_out(store, &[waitlist::call_up(1, 1)], scene::at(2)).await;
    let called = called.expect("executes");
    assert!(matches!(called[0], Outcome::CallUp(CallUpOutcome::Done(of)) if of.offered == 1));
    let plan = waitlist::plan_for_adults(waitlist::rules(PERSONS));
    store.apply_campaign(&plan, scene::at(3)).await.expect("applies");
    let before = store.availability(&scene::slot("rehearsal"), scene::at(4)).await;
    let keyless = open_with(&fixture.url, None).await;
    let refused = keyless.execute(&[waitlist::call_up(10, 9)], scene::at(4)).await;
    assert!(matches!(refused, Err(StoreError::Broken { .. })), "{refused:?}");
    let after = store.availability(&scene::slot("rehearsal"), scene::at(4)).await;
    assert_eq!(after.expect("answers"), before.expect("answers"));
}

on_both! {
    nobody_is_called_without_the_key:
        nobody_is_called_without_the_key_on_postgres, nobody_is_called_without_the_key_on_sqlite;
    a_place_is_offered_and_accepted_once:
        a_place_is_offered_and_accepted_once_on_postgres,
        a_place_is_offered_and_accepted_once_on_sqlite;
}
