//! The use cases on the model, and on a store that can be stopped.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use kernel::{ManualClock, SeededEntropy};

use super::*;
use crate::campaign::{Campaign, CampaignPlan};
use crate::contract::scene;
use crate::memory::MemoryStore;
use crate::person::PersonFields;
use crate::state::{Booking, Hold, HoldState};
use crate::store::{Applied, Availability};

/// The model behind a gate: each batch needs a permit, and it can fail.
struct GatedStore {
    model: MemoryStore,
    permits: Semaphore,
    is_down: AtomicBool,
}

#[async_trait]
impl BookingStore for GatedStore {
    async fn apply_campaign(
        &self,
        plan: &CampaignPlan,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        self.model.apply_campaign(plan, now).await
    }

    async fn campaigns(&self) -> Result<Vec<Campaign>, StoreError> {
        self.model.campaigns().await
    }

    async fn execute(
        &self,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Vec<Outcome>, StoreError> {
        self.permits.acquire().await.expect("never closed").forget();
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "down".to_owned(), source: None });
        }
        self.model.execute(commands, now).await
    }

    async fn availability(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Option<Availability>, StoreError> {
        self.model.availability(campaign, now).await
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.model.booking(id).await
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        self.model.hold(id).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.model.now().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.model.ready().await
    }
}

struct Service {
    store: Arc<GatedStore>,
    clock: Arc<ManualClock>,
    bookings: Arc<Bookings>,
    tasks: BookingsTasks,
}

/// The service on the scene's campaign, with `permits` batches to go. Its ticker has looked once.
async fn service(permits: usize, limits: BookingsLimits) -> Service {
    let clock = Arc::new(ManualClock::at(scene::at(0)));
    let store = Arc::new(GatedStore {
        model: MemoryStore::new(clock.clone()),
        permits: Semaphore::new(permits),
        is_down: AtomicBool::new(false),
    });
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("answers");
    // The base clock is wrong; the store's counts.
    let base = Arc::new(ManualClock::at(scene::at(0).minus(std::time::Duration::from_secs(99))));
    let (bookings, tasks) = Bookings::start(
        store.clone(),
        Arc::new(SyncedClock::new(base)),
        Arc::new(SeededEntropy::new(1)),
        BookingSecrets::new(&[1; 32], &[2; 32]),
        limits,
    );
    while bookings.view().generation == 0 {
        tokio::task::yield_now().await;
    }
    Service { store, clock, bookings, tasks }
}

fn person(given_name: &str) -> Person {
    let fields = PersonFields {
        given_name: given_name.to_owned(),
        family_name: "Muster".to_owned(),
        date_of_birth: "1970-01-31".to_owned(),
        email: None,
        phone: None,
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

    let token = bookings.manage_token(booked.booking);
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
    bookings.refresh(false).await.expect("answers");
    let signals = bookings.take_signals(&pass.campaign).expect("known");
    assert_eq!((signals.places_left, signals.departures), (31, vec![]), "one is still missing");
    bookings.book_hold(pass.clone(), facts.hold, &person("Berta"), "k3").await.expect("answers");
    let signals = bookings.take_signals(&pass.campaign).expect("known");
    assert_eq!(signals.departures, [pass.pass_id]);
    bookings.return_departures(&pass.campaign, signals.departures);
    assert_eq!(bookings.take_signals(&pass.campaign).expect("known").departures, [pass.pass_id]);

    let other = scene::grant(3, 2, scene::at(0));
    let held = bookings.hold(other.clone(), scene::slot("a"), 1, "k1").await.expect("answers");
    let HoldOutcome::Held(facts) = held else { panic!("{held:?}") };
    clock.set(scene::at(480));
    bookings.refresh(false).await.expect("answers");
    let found = bookings.find_hold(&other, facts.hold).await.expect("answers");
    assert!(matches!(found, HoldLookup::Found { state: HoldState::Released, .. }), "{found:?}");
    bookings.sweep(10).await;
    let renewed = bookings.renew_hold(other.clone(), facts.hold, "k2").await.expect("answers");
    assert_eq!(renewed, RenewOutcome::HoldEnded);
    let released = bookings.release_hold(other, facts.hold).await.expect("answers");
    assert_eq!(released, ReleaseOutcome::Released);
}

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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
