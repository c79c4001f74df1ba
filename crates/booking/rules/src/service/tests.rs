//! The use cases on the model, and on a store that can be stopped.

mod gated_store;
mod waitlist;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kernel::{ManualClock, SeededEntropy};
use pass::{IdentityKey, PassId};

use super::background::Look;
use super::*;
use crate::booking::{BookSlotOutcome, CancelOutcome};
use crate::contract::scene;
use crate::hold::{HoldOutcome, HoldState, ReleaseOutcome, RenewOutcome};
use crate::language::Language;
use crate::memory::MemoryStore;
use crate::pass::{EndPassOutcome, PassGrant};
use crate::person::{Person, PersonFields};
use gated_store::GatedStore;

struct Service {
    store: Arc<GatedStore>,
    clock: Arc<ManualClock>,
    /// The clock of this machine.
    base: Arc<ManualClock>,
    bookings: Arc<Bookings>,
    tasks: BookingsTasks,
}

/// The service on the scene's campaign, with `permits` batches to go. Its ticker has looked once.
async fn service(permits: usize, limits: BookingsLimits) -> Service {
    // The service looks by itself only once: a sweep in the middle would take a permit.
    let limits = BookingsLimits { view_every_ms: 3_600_000, ..limits };
    let clock = Arc::new(ManualClock::at(scene::at(0)));
    let store = Arc::new(GatedStore {
        model: MemoryStore::new(clock.clone()),
        permits: Semaphore::new(permits),
        is_down: AtomicBool::new(false),
    });
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("answers");
    // The base clock is wrong; the store's counts.
    let base = Arc::new(ManualClock::at(scene::at(0).minus(Duration::from_secs(99))));
    let (bookings, tasks) = Bookings::start(
        store.clone(),
        Arc::new(SyncedClock::new(base.clone())),
        Arc::new(SeededEntropy::new(1)),
        BookingSecrets::new(&[1; 32], &[2; 32]).with_identity(IdentityKey::new(&[3; 32])),
        limits,
    );
    while bookings.view().generation == 0 {
        tokio::task::yield_now().await;
    }
    Service { store, clock, base, bookings, tasks }
}

fn person(given_name: &str) -> Person {
    let fields = PersonFields {
        given_name: given_name.to_owned(),
        family_name: "Muster".to_owned(),
        date_of_birth: "1970-01-31".to_owned(),
        email: None,
        phone: None,
        language: Language::De,
    };
    Person::parse(fields, scene::at(0)).expect("plausible")
}

async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_reply_and_another_one_is_refused() {
    let Service { bookings, store, .. } = service(100, BookingsLimits::default()).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let book = async |name: &str, key: &str| {
        bookings
            .book_slot(pass.clone(), scene::slot("c"), &person(name), key)
            .await
            .expect("answers")
    };
    let first = book("Anna", "k1").await;
    let BookSlotOutcome::Booked(booked) = &first else { panic!("{first:?}") };
    assert_eq!(booked.booked_at, scene::at(0), "the store's time counts");
    assert_eq!(book("Anna", "k1").await, first);
    assert_eq!(book("Berta", "k1").await, BookSlotOutcome::KeyReused);
    assert_eq!(book("ANNA", "k2").await, BookSlotOutcome::AlreadyBooked);
    assert_eq!(store.model.bookings().len(), 1);

    let token = bookings.manage_token(booked.booking, booked.token_generation);
    let found = bookings.booking(booked.booking, &token).await.expect("answers");
    assert!(matches!(found, BookingLookup::Found(found) if found.slot == scene::slot("c")));
    let forged = bookings.booking(booked.booking, "forged").await.expect("answers");
    assert_eq!(forged, BookingLookup::TokenInvalid);

    let cancel = async |token: &str, key: &str| {
        bookings.cancel_booking(booked.booking, token, key).await.expect("answers")
    };
    assert_eq!(cancel("forged", "c0").await, CancelOutcome::TokenInvalid);
    let cancelled = cancel(&token, "c1").await;
    assert!(matches!(cancelled, CancelOutcome::Cancelled(_)), "{cancelled:?}");
    assert_eq!(cancel(&token, "c1").await, cancelled);
    assert_eq!(cancel(&token, "c2").await, CancelOutcome::AlreadyCancelled);
}

#[tokio::test]
async fn a_hold_from_beginning_to_end() {
    let Service { bookings, clock, .. } = service(100, BookingsLimits::default()).await;
    let pass = scene::grant(1, 2, scene::at(0));
    let held = bookings.hold(pass.clone(), scene::slot("b"), 2, "k1").await.expect("answers");
    let HoldOutcome::Held(facts) = held else { panic!("{held:?}") };
    let found = bookings.find_hold(&pass, facts.hold).await.expect("answers");
    assert_eq!(found, HoldLookup::Found { facts: facts.clone(), state: HoldState::Active });
    let stranger = scene::grant(2, 2, scene::at(0));
    let hidden = bookings.find_hold(&stranger, facts.hold).await.expect("answers");
    assert_eq!(hidden, HoldLookup::HoldNotFound);

    bookings.book_hold(pass.clone(), facts.hold, &person("Anna"), "k2").await.expect("answers");
    bookings.refresh(Look::Places).await.expect("answers");
    let report = bookings.report(&pass.campaign).await.expect("known");
    assert_eq!((report.places_left, report.departures), (31, vec![]), "one is still missing");
    bookings.book_hold(pass.clone(), facts.hold, &person("Berta"), "k3").await.expect("answers");
    let report = bookings.report(&pass.campaign).await.expect("known");
    assert_eq!(report.departures, [pass.pass_id]);
    bookings.return_departures(&pass.campaign, report.departures);
    assert_eq!(departures(&bookings, &pass).await, [pass.pass_id]);
    assert_eq!(departures(&bookings, &pass).await, [], "each is taken once");

    let other = scene::grant(3, 2, scene::at(0));
    let held = bookings.hold(other.clone(), scene::slot("a"), 1, "k1").await.expect("answers");
    let HoldOutcome::Held(facts) = held else { panic!("{held:?}") };
    clock.set(scene::at(480));
    bookings.refresh(Look::Places).await.expect("answers");
    let found = bookings.find_hold(&other, facts.hold).await.expect("answers");
    assert!(matches!(found, HoldLookup::Found { state: HoldState::Released, .. }), "{found:?}");
    bookings.sweep(10, false).await;
    let renewed = bookings.renew_hold(other.clone(), facts.hold, "k2").await.expect("answers");
    assert_eq!(renewed, RenewOutcome::HoldEnded);
    let released = bookings.release_hold(other, facts.hold).await.expect("answers");
    assert_eq!(released, ReleaseOutcome::Released);
}

async fn departures(bookings: &Bookings, pass: &PassGrant) -> Vec<PassId> {
    bookings.report(&pass.campaign).await.expect("known").departures
}

/// Whoever leaves holds nothing afterwards, and whoever holds something has not left: with five
/// passes one client once held all 400 places by leaving between the holds.
#[tokio::test]
async fn leaving_is_no_way_to_hoard() {
    let Service { bookings, clock, .. } = service(1_000, BookingsLimits::default()).await;
    for number in 0..5 {
        let pass = scene::grant(number, 4, scene::at(0));
        let key = format!("k{number}");
        assert_eq!(bookings.end_pass(pass.clone()).await, Ok(EndPassOutcome::Ended));
        let held = bookings.hold(pass.clone(), scene::slot("c"), 4, &key).await;
        assert_eq!(held, Ok(HoldOutcome::PassEnded));
        let anna = person("Anna");
        let booked = bookings.book_slot(pass.clone(), scene::slot("c"), &anna, &key).await;
        assert_eq!(booked, Ok(BookSlotOutcome::PassEnded));
        assert_eq!(departures(&bookings, &pass).await, [pass.pass_id]);
    }
    let pass = scene::grant(9, 4, scene::at(0));
    let held = bookings.hold(pass.clone(), scene::slot("c"), 4, "k1").await.expect("answers");
    assert!(matches!(held, HoldOutcome::Held(_)), "{held:?}");
    for _ in 0..2 {
        assert_eq!(bookings.end_pass(pass.clone()).await, Ok(EndPassOutcome::Ended));
        assert_eq!(departures(&bookings, &pass).await, [], "a pass with an open hold is present");
    }
    clock.set(scene::at(480));
    bookings.refresh(Look::Places).await.expect("answers");
    assert_eq!(departures(&bookings, &pass).await, [pass.pass_id], "gone once the hold is");
}

#[tokio::test]
async fn a_departure_outlives_a_store_that_does_not_answer() {
    let Service { bookings, store, .. } = service(100, BookingsLimits::default()).await;
    let pass = scene::grant(1, 4, scene::at(0));
    bookings.end_pass(pass.clone()).await.expect("answers");
    store.is_down.store(true, Ordering::SeqCst);
    assert_eq!(departures(&bookings, &pass).await, []);
    store.is_down.store(false, Ordering::SeqCst);
    assert_eq!(departures(&bookings, &pass).await, [pass.pass_id]);
}

/// P19: what a process did not live to report, the next one does.
#[tokio::test]
async fn departures_survive_a_crash() {
    let Service { bookings, store, clock, .. } = service(100, BookingsLimits::default()).await;
    let [left, holding, waiting] = [1, 3, 4].map(|number| scene::grant(number, 4, scene::at(0)));
    let booked = scene::grant(2, 1, scene::at(0));
    bookings.end_pass(left.clone()).await.expect("answers");
    for (pass, name) in [(&booked, "Anna"), (&holding, "Berta")] {
        let slot = scene::slot("c");
        bookings.book_slot(pass.clone(), slot, &person(name), "k1").await.expect("answers");
    }
    for pass in [&holding, &waiting] {
        bookings.hold(pass.clone(), scene::slot("c"), 1, "k2").await.expect("answers");
    }
    let (next, _tasks) = Bookings::start(
        store,
        Arc::new(SyncedClock::new(clock)),
        Arc::new(SeededEntropy::new(2)),
        BookingSecrets::new(&[1; 32], &[2; 32]),
        BookingsLimits::default(),
    );
    while next.view().generation == 0 {
        tokio::task::yield_now().await;
    }
    let mut departed = departures(&next, &left).await;
    departed.sort_unstable();
    assert_eq!(departed, [left.pass_id, booked.pass_id]);
}

/// A report says when the places were counted, and an old count is not reported at all.
#[tokio::test]
async fn only_a_fresh_count_is_reported() {
    let limits = BookingsLimits { view_every_ms: 3_600_000, ..BookingsLimits::default() };
    let Service { bookings, clock, base, .. } = service(100, limits).await;
    let campaign = scene::slot("rehearsal");
    base.advance(Duration::from_secs(5));
    let report = bookings.report(&campaign).await.expect("just fresh enough");
    assert_eq!((report.counted_at, report.held), (scene::at(0), crate::store::Held::default()));
    base.advance(Duration::from_millis(1));
    assert_eq!(bookings.report(&campaign).await, None);
    clock.set(scene::at(6));
    Arc::clone(&bookings).count_now().await.expect("answers");
    assert_eq!(bookings.report(&campaign).await.expect("fresh").counted_at, scene::at(6));
    assert_eq!(bookings.report(&scene::slot("nowhere")).await, None);
}

/// P17: the pass knows its person by any spelling of the name, or by the e-mail address.
#[tokio::test]
async fn a_bound_pass_books_its_person_first() {
    let Service { bookings, .. } = service(100, BookingsLimits::default()).await;
    let campaign = scene::slot("rehearsal");
    let key = IdentityKey::new(&[3; 32]);
    let by_name = key.person(&campaign, "MÜSTER", "änna", "1970-01-31");
    let by_email = key.email(&campaign, "Anna+town@Example.org");
    for (number, subject) in [(1, by_name), (2, by_email)] {
        let pass = PassGrant { binding: Some(subject), ..scene::grant(number, 4, scene::at(0)) };
        let book = async |name: &str, email: &str, request: &str| {
            let person = Person::parse(
                PersonFields {
                    given_name: name.to_owned(),
                    family_name: format!("Muester{}", "x".repeat(number as usize - 1)),
                    date_of_birth: "1970-01-31".to_owned(),
                    email: Some(email.to_owned()),
                    phone: None,
                    language: Language::De,
                },
                scene::at(0),
            );
            let person = person.expect("plausible");
            bookings.book_slot(pass.clone(), scene::slot("c"), &person, request).await
        };
        let other = book("Berta", "berta@example.org", "k1").await;
        assert_eq!(other, Ok(BookSlotOutcome::PersonNotOfPass));
        let own = book("Anna", "anna@example.org", "k2").await;
        assert!(matches!(own, Ok(BookSlotOutcome::Booked(_))), "{own:?}");
        let other = book("Berta", "berta@example.org", "k3").await;
        assert!(matches!(other, Ok(BookSlotOutcome::Booked(_))), "{other:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_under_way_is_not_started_again() {
    let Service { bookings, store, .. } = service(0, BookingsLimits::default()).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let book = |key: &'static str| {
        let (bookings, pass) = (bookings.clone(), pass.clone());
        tokio::spawn(async move {
            bookings.book_slot(pass, scene::slot("c"), &person("Anna"), key).await
        })
    };
    let first = book("k1");
    settle().await;
    assert_eq!(book("k1").await.expect("joined"), Err(Failure::RequestInProgress));
    store.permits.add_permits(2);
    let first = first.await.expect("joined").expect("answers");
    assert!(matches!(first, BookSlotOutcome::Booked(_)));
    assert_eq!(book("k1").await.expect("joined"), Ok(first), "afterwards it may be repeated");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_and_a_store_that_is_down_are_told_apart() {
    let limits = BookingsLimits { queue_depth_max: 2, batch_max: 1, ..BookingsLimits::default() };
    let Service { bookings, store, .. } = service(0, limits).await;
    let hold = |number: u32| {
        let bookings = bookings.clone();
        let pass = scene::grant(number, 1, scene::at(0));
        tokio::spawn(async move { bookings.hold(pass, scene::slot("c"), 1, "k1").await })
    };
    let mut waiting = Vec::new();
    for number in 0..3 {
        waiting.push(hold(number));
        settle().await;
    }
    assert_eq!(hold(9).await.expect("joined"), Err(Failure::Overloaded));
    store.is_down.store(true, Ordering::SeqCst);
    store.permits.add_permits(3);
    for waiting in waiting {
        assert_eq!(waiting.await.expect("joined"), Err(Failure::Unavailable));
    }
    assert!(store.model.holds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn closing_carries_out_what_was_accepted() {
    let Service { bookings, store, tasks, .. } = service(0, BookingsLimits::default()).await;
    let accepted = {
        let (bookings, pass) = (bookings.clone(), scene::grant(1, 1, scene::at(0)));
        tokio::spawn(async move { bookings.hold(pass, scene::slot("c"), 1, "k1").await })
    };
    settle().await;
    bookings.shut_down();
    store.permits.add_permits(1);
    let accepted = accepted.await.expect("joined");
    assert!(matches!(accepted, Ok(HoldOutcome::Held(_))), "{accepted:?}");
    tasks.finished().await;
    let late = bookings.hold(scene::grant(2, 1, scene::at(0)), scene::slot("c"), 1, "k1").await;
    assert_eq!(late, Err(Failure::Unavailable));
}
