//! The waitlist through the service.

use super::*;
use crate::contract::scene::waitlist;
use crate::waitlist::{
    AcceptOutcome, AfterDeclining, CallUpWish, DeclineOutcome, EntryState, JoinOutcome,
    LeaveOutcome, OfferId, OfferState, Waitlist, WaitlistEntryId, WhyNobodyIsCalled,
};

/// The service on a campaign with a waitlist, all of whose places but those of slot `b` are taken.
async fn nearly_sold_out(limits: BookingsLimits) -> Service {
    let service = service(1_000, limits).await;
    let plan = waitlist::plan(waitlist::rules(5));
    service.store.apply_campaign(&plan, scene::at(0)).await.expect("answers");
    let slots = ["a", "a", "a", "c", "c", "c", "c"];
    let bookings = (100..).zip(slots).map(|(number, slot)| {
        let pass = scene::grant(number, 1, scene::at(0));
        scene::book_slot(&pass, slot, number, number, scene::key(number, 0))
    });
    let bookings: Vec<_> = bookings.collect();
    service.store.model.execute(&bookings, scene::at(0)).await.expect("answers");
    service.bookings.refresh(Look::Campaigns).await.expect("answers");
    service
}

async fn joined(bookings: &Bookings, number: u32, name: &str) -> (WaitlistEntryId, String) {
    let pass = scene::grant(number, 1, scene::at(0));
    let joined = bookings.join_waitlist(pass, &person(name), "join").await.expect("answers");
    let JoinOutcome::Joined(joined) = joined else { panic!("{joined:?}") };
    (joined.entry, bookings.entry_token(joined.entry))
}

/// The open offer of an entry.
async fn offer(bookings: &Bookings, (entry, token): &(WaitlistEntryId, String)) -> Option<OfferId> {
    let found = bookings.waitlist_entry(*entry, token).await.expect("answers");
    let EntryLookup::Found(standing) = found else { panic!("{found:?}") };
    standing.offer.filter(|offer| offer.state == OfferState::Open).map(|offer| offer.id)
}

#[tokio::test]
async fn who_waits_is_called_and_accepts() {
    let Service { bookings, clock, .. } = nearly_sold_out(BookingsLimits::default()).await;
    let campaign = scene::slot("rehearsal");
    let (anna, berta) = (joined(&bookings, 1, "Anna").await, joined(&bookings, 2, "Berta").await);
    let stranger = scene::grant(3, 1, scene::at(0));
    let again = bookings.join_waitlist(stranger, &person("ANNA"), "k").await.expect("answers");
    assert_eq!(again, JoinOutcome::AlreadyWaiting);
    bookings.refresh(Look::Places).await.expect("answers");
    let status = bookings.waitlist_status(&campaign).expect("a waitlist");
    assert_eq!((status.counts.waiting, status.places_left, status.is_open), (2, 3, true));
    assert_eq!(status.why_nobody, None, "slot b has places to offer");
    let report = bookings.report(&campaign).await.expect("fresh");
    assert_eq!(report.places_left, 5, "two to book, three to wait");

    bookings.call_up(10).await;
    let of_anna = offer(&bookings, &anna).await.expect("an offer");
    let of_berta = offer(&bookings, &berta).await.expect("an offer");
    let accept = async |(entry, token): &(WaitlistEntryId, String), offer, key: &str| {
        bookings.accept_offer(*entry, token, offer, key).await.expect("answers")
    };
    let forged = (anna.0, berta.1.clone());
    assert_eq!(accept(&forged, of_anna, "k").await, AcceptOutcome::TokenInvalid);
    let first = accept(&anna, of_anna, "k").await;
    let AcceptOutcome::Booked(booked) = &first else { panic!("{first:?}") };
    assert_eq!(accept(&anna, of_anna, "k").await, first);
    let token = bookings.manage_token(booked.booking, 0);
    let found = bookings.booking(booked.booking, &token).await.expect("answers");
    let BookingLookup::Found(found) = found else { panic!("{found:?}") };
    assert_eq!(found.registration.person, Some(person("Anna")));
    let known = bookings.waitlist_entry(anna.0, &anna.1).await.expect("answers");
    let EntryLookup::Found(known) = known else { panic!("{known:?}") };
    let state = EntryState::Booked { booking: booked.booking, at: scene::at(0) };
    assert_eq!((known.entry.state, known.entry.person), (state, None));

    let declined = bookings.decline_offer(berta.0, &berta.1, of_berta, AfterDeclining::Stay).await;
    assert_eq!(declined.expect("answers"), DeclineOutcome::Declined);
    clock.set(scene::at(1));
    let left = bookings.leave_waitlist(berta.0, &berta.1).await.expect("answers");
    assert_eq!(left, LeaveOutcome::Left);
    let forged = bookings.leave_waitlist(berta.0, "forged").await.expect("answers");
    assert_eq!(forged, LeaveOutcome::TokenInvalid);
    bookings.refresh(Look::Places).await.expect("answers");
    let status = bookings.waitlist_status(&campaign).expect("a waitlist");
    assert_eq!(status.why_nobody, Some(WhyNobodyIsCalled::NobodyWaits));
}

#[tokio::test]
async fn the_ticker_calls_without_being_asked() {
    let Service { bookings, store, .. } = nearly_sold_out(BookingsLimits::default()).await;
    let anna = joined(&bookings, 1, "Anna").await;
    let limits = BookingsLimits { view_every_ms: 1, ..BookingsLimits::default() };
    let (ticking, tasks) = Bookings::start(
        store.clone(),
        Arc::new(SyncedClock::new(Arc::new(ManualClock::at(scene::at(0))))),
        Arc::new(SeededEntropy::new(2)),
        BookingSecrets::new(&[1; 32], &[2; 32]),
        limits,
    );
    let mut looks = tokio::time::interval(Duration::from_millis(1));
    while offer(&bookings, &anna).await.is_none() {
        looks.tick().await;
    }
    ticking.shut_down();
    tasks.finished().await;
}

#[tokio::test]
async fn the_operator_calls_without_a_service() {
    let Service { bookings, store, .. } = nearly_sold_out(BookingsLimits::default()).await;
    let campaign = scene::slot("rehearsal");
    let anna = joined(&bookings, 1, "Anna").await;
    let quiet = "07:00".parse().and_then(|from| Ok((from, "09:00".parse()?))).expect("times");
    let quiet = Some(crate::waitlist::QuietHours { from: quiet.0, to: quiet.1 });
    let plan = waitlist::plan(Waitlist { quiet, ..waitlist::rules(5) });
    store.apply_campaign(&plan, scene::at(0)).await.expect("answers");
    bookings.call_up(10).await;
    assert_eq!(offer(&bookings, &anna).await, None, "it is too early in the day");
    let call = async |slot: &str| {
        let wish = CallUpWish { slot: scene::slot(slot), ttl_minutes: 15 };
        let entropy = SeededEntropy::new(3);
        let called = call_up_for(&store.model, &campaign, wish, 20, &entropy).await;
        called.expect("answers").verdict()
    };
    assert_eq!(call("nowhere").await, Err("the campaign has no such slot"));
    assert_eq!(call("b").await.map(|called| called.offered), Ok(1));
    assert!(offer(&bookings, &anna).await.is_some());
}
