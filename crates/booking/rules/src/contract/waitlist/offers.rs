//! What becomes of an offer.

use super::super::event::all;
use super::super::scene::{self, waitlist};
use super::super::{many, one};
use super::{
    apply, availability, call_up, called, cancel, counts, join, offered, sell_out, standing,
};
use crate::batch::{Command, Outcome};
use crate::booking::BookingStatus;
use crate::event::{Actor, What};
use crate::store::BookingStore;
use crate::waitlist::{
    AcceptOutcome, AfterDeclining, CalledUp, DeclineOutcome, EntryState, LeaveOutcome, OfferState,
    Waitlist,
};

fn accept(number: u32, offer: u32) -> Command {
    let (entry, offer) = (waitlist::entry_id(number), waitlist::offer_id(offer));
    waitlist::accept(entry, offer, (number, number), scene::key(200 + number, 0))
}

/// A place that comes back is kept for who waits, in the decision that frees it, and offered to whoever
/// waits longest; the booking is that of the entry, its pass and its seat.
pub async fn what_comes_back_is_offered_to_who_waits(store: &dyn BookingStore) {
    apply(store, waitlist::rules(5)).await;
    sell_out(store).await;
    join(store, 1..3).await;
    assert_eq!(call_up(store, 1, scene::at(2)).await.offered, 0, "there is nothing to offer");
    cancel(store, &[103], scene::at(3)).await;
    assert_eq!(availability(store, scene::at(3)).await.places_left(), 0, "P5: not everybody's");
    assert_eq!(counts(store, scene::at(3)).await, (2, 0, 1));
    let done = one(store, waitlist::call_up(10, 1), scene::at(4)).await;
    assert_eq!(called(&done), CalledUp { offered: 1, ..CalledUp::default() });
    assert_eq!(offered(store, 1..3).await, [(1, "b".to_owned())]);
    let booked = one(store, accept(1, 10), scene::at(5)).await;
    let Outcome::AcceptOffer(AcceptOutcome::Booked(booked)) = booked else { panic!("{booked:?}") };
    assert_eq!((booked.booking, booked.slot), (scene::booking_id(1), scene::slot("b")));
    let booking = store.booking(scene::booking_id(1)).await.expect("answers").expect("a booking");
    let pass = scene::grant(1, 1, scene::at(0));
    assert_eq!((booking.pass_id, booking.seat_no, booking.ags), (pass.pass_id, 1, pass.ags));
    assert_eq!((booking.status, booking.hold), (BookingStatus::Confirmed, None));
    assert_eq!(booking.registration.person, scene::registration(1, 1).person);
    assert_eq!(counts(store, scene::at(5)).await, (1, 0, 0));
    let seats = store.seats_taken(pass.pass_id, scene::at(5)).await.expect("the store answers");
    assert_eq!(seats, 1, "the seat of the entry is that of the booking");
    assert_eq!(standing(store, waitlist::entry_id(2)).await.position, Some(1));
    let entry = waitlist::entry_id(1);
    let (offer, slot) = (waitlist::offer_id(10), scene::slot("b"));
    let told: Vec<(Actor, What)> =
        all(store).await.into_iter().map(|event| (event.actor, event.what)).collect();
    let expected = [
        (
            Actor::Clock,
            What::OfferMade { offer, entry, slot: slot.clone(), expires_at: scene::at(604) },
        ),
        (
            Actor::Entry(entry),
            What::OfferAccepted { offer, entry, booking: scene::booking_id(1), slot: slot.clone() },
        ),
        (Actor::Entry(entry), What::Booked { booking: scene::booking_id(1), slot, hold: None }),
    ];
    assert_eq!(told[told.len() - 3..], expected);
}

/// An offer that nobody accepts goes to the next, and whoever missed it waits behind those who have not.
pub async fn a_missed_offer_goes_to_the_next(store: &dyn BookingStore) {
    apply(store, Waitlist { over_offer_percent: 100, ..waitlist::rules(5) }).await;
    sell_out(store).await;
    join(store, 1..4).await;
    cancel(store, &[104], scene::at(2)).await;
    call_up(store, 10, scene::at(3)).await;
    assert_eq!(offered(store, 1..4).await, [(1, "b".to_owned())]);
    let late = one(store, accept(1, 10), scene::at(603)).await;
    assert_eq!(late, Outcome::AcceptOffer(AcceptOutcome::OfferExpired));
    let done = call_up(store, 20, scene::at(603)).await;
    assert_eq!((done.expired, done.offered), (1, 1));
    assert_eq!(offered(store, 1..4).await, [(2, "b".to_owned())]);
    let missed = standing(store, waitlist::entry_id(1)).await;
    assert_eq!((missed.position, missed.entry.offers_missed), (Some(3), 1));
    assert_eq!(missed.entry.state, EntryState::Waiting);
    call_up(store, 30, scene::at(1_203)).await;
    assert_eq!(offered(store, 1..4).await, [(3, "b".to_owned())]);
    call_up(store, 40, scene::at(1_803)).await;
    assert_eq!(offered(store, 1..4).await, [(1, "b".to_owned())], "and round again");
    let late = one(store, accept(1, 10), scene::at(1_804)).await;
    assert_eq!(late, Outcome::AcceptOffer(AcceptOutcome::OfferExpired), "not the one from before");
}

/// Whoever declines goes on waiting for another slot, or leaves; the place goes to the next, and where
/// nobody wants it, to everybody.
pub async fn a_declined_slot_is_not_offered_again(store: &dyn BookingStore) {
    apply(store, Waitlist { over_offer_percent: 100, ..waitlist::rules(5) }).await;
    sell_out(store).await;
    join(store, 1..3).await;
    cancel(store, &[104], scene::at(2)).await;
    call_up(store, 10, scene::at(3)).await;
    let decline = |number, offer, then| {
        waitlist::decline(waitlist::entry_id(number), waitlist::offer_id(offer), then)
    };
    for now in [4, 5] {
        let declined = one(store, decline(1, 10, AfterDeclining::Stay), scene::at(now)).await;
        assert_eq!(declined, Outcome::DeclineOffer(DeclineOutcome::Declined));
    }
    let first = standing(store, waitlist::entry_id(1)).await;
    assert_eq!((first.position, first.entry.offers_missed), (Some(2), 1), "declined once");
    call_up(store, 20, scene::at(6)).await;
    assert_eq!(offered(store, 1..3).await, [(2, "b".to_owned())]);
    one(store, decline(2, 20, AfterDeclining::Leave), scene::at(7)).await;
    let state = standing(store, waitlist::entry_id(2)).await.entry.state;
    assert_eq!(state, EntryState::Left { at: scene::at(7) });
    let done = call_up(store, 30, scene::at(8)).await;
    assert_eq!(done.offered, 0, "who waits has declined it");
    assert_eq!(counts(store, scene::at(8)).await, (1, 0, 0));
    assert_eq!(availability(store, scene::at(8)).await.places_left(), 1, "it is everybody's");
    // A place of another slot is another matter.
    cancel(store, &[105], scene::at(9)).await;
    call_up(store, 40, scene::at(10)).await;
    assert_eq!(offered(store, 1..3).await, [(1, "c".to_owned())]);
    let other = one(store, decline(1, 20, AfterDeclining::Stay), scene::at(11)).await;
    assert_eq!(other, Outcome::DeclineOffer(DeclineOutcome::OfferNotFound));
}

/// More people than places are asked, the first to accept get them, and the others have lost nothing.
pub async fn more_offers_than_places_never_oversell(store: &dyn BookingStore) {
    apply(store, Waitlist { over_offer_percent: 300, ..waitlist::rules(9) }).await;
    sell_out(store).await;
    join(store, 1..6).await;
    cancel(store, &[103], scene::at(2)).await;
    assert_eq!(call_up(store, 10, scene::at(3)).await.offered, 3, "three for one place");
    let outcomes = many(store, &[accept(2, 11), accept(1, 10)], scene::at(4)).await;
    assert!(matches!(outcomes[0], Outcome::AcceptOffer(AcceptOutcome::Booked(_))));
    assert_eq!(outcomes[1], Outcome::AcceptOffer(AcceptOutcome::PlaceGone));
    let done = call_up(store, 20, scene::at(5)).await;
    assert_eq!((done.withdrawn, done.offered), (2, 0));
    let first = standing(store, waitlist::entry_id(1)).await;
    assert_eq!((first.position, first.entry.offers_missed), (Some(1), 0), "nothing is lost");
    let gone = one(store, accept(3, 12), scene::at(6)).await;
    assert_eq!(gone, Outcome::AcceptOffer(AcceptOutcome::OfferEnded));
    // Two places of two slots: nobody competes for one while the other is offered to nobody.
    cancel(store, &[100, 108], scene::at(7)).await;
    call_up(store, 30, scene::at(8)).await;
    let slots = offered(store, 1..6).await;
    assert_eq!(slots.iter().filter(|(_, slot)| slot == "c").count(), 1);
    assert_eq!(slots.len(), 4, "{slots:?}");
}

/// One acceptance has one effect and one reply, and a token opens its own entry only.
pub async fn an_offer_is_accepted_once(store: &dyn BookingStore) {
    apply(store, waitlist::rules(5)).await;
    sell_out(store).await;
    join(store, 1..3).await;
    cancel(store, &[103, 104], scene::at(2)).await;
    call_up(store, 10, scene::at(3)).await;
    let Command::AcceptOffer(mut stranger) = accept(1, 10) else { panic!("an acceptance") };
    stranger.token_hash = waitlist::entry_token(waitlist::entry_id(2));
    let refused = one(store, stranger.into(), scene::at(4)).await;
    assert_eq!(refused, Outcome::AcceptOffer(AcceptOutcome::TokenInvalid));
    let others = one(store, accept(1, 11), scene::at(4)).await;
    assert_eq!(others, Outcome::AcceptOffer(AcceptOutcome::OfferNotFound));
    let twice = many(store, &[accept(1, 10), accept(1, 10)], scene::at(5)).await;
    assert!(matches!(twice[0], Outcome::AcceptOffer(AcceptOutcome::Booked(_))), "{twice:?}");
    assert_eq!(twice[0], twice[1]);
    assert_eq!(one(store, accept(1, 10), scene::at(9_000)).await, twice[0]);
    let (entry, offer) = (waitlist::entry_id(1), waitlist::offer_id(10));
    let again = waitlist::accept(entry, offer, (90, 1), scene::key(90, 0));
    let booking = scene::booking_id(1);
    let refused = one(store, again, scene::at(6)).await;
    assert_eq!(refused, Outcome::AcceptOffer(AcceptOutcome::AlreadyBooked { booking }));
    let left = one(store, waitlist::leave(entry), scene::at(7)).await;
    assert_eq!(left, Outcome::LeaveWaitlist(LeaveOutcome::AlreadyBooked { booking }));
    assert_eq!(
        standing(store, entry).await.entry.state,
        EntryState::Booked { booking, at: scene::at(5) }
    );
    let taken: u32 =
        availability(store, scene::at(8)).await.slots.iter().map(|of| of.reserved).sum();
    assert_eq!(taken, 1, "the place of the other offer");
    // The booking is one as any other: its place comes back to those who wait.
    one(store, scene::cancel(1, scene::key(91, 0)), scene::at(9)).await;
    assert_eq!(counts(store, scene::at(9)).await, (0, 1, 1), "nobody waits for a second one");
}

/// An offer does not outlive its entry, nor the slot.
pub async fn an_offer_ends_with_its_place_and_its_entry(store: &dyn BookingStore) {
    apply(store, Waitlist { over_offer_percent: 100, ..waitlist::rules(5) }).await;
    sell_out(store).await;
    join(store, 1..3).await;
    cancel(store, &[103, 105], scene::at(2)).await;
    call_up(store, 10, scene::at(3)).await;
    assert_eq!(offered(store, 1..3).await, [(1, "b".to_owned()), (2, "c".to_owned())]);
    one(store, waitlist::leave(waitlist::entry_id(1)), scene::at(4)).await;
    let ended = one(store, accept(1, 10), scene::at(5)).await;
    assert_eq!(ended, Outcome::AcceptOffer(AcceptOutcome::EntryLeft));
    let mut closed = waitlist::campaign(Waitlist { over_offer_percent: 100, ..waitlist::rules(5) });
    closed.slots[2].closed = true;
    let plan = crate::campaign::CampaignPlan::new(closed).expect("a plan");
    store.apply_campaign(&plan, scene::at(6)).await.expect("the store answers");
    let ended = one(store, accept(2, 11), scene::at(7)).await;
    assert_eq!(ended, Outcome::AcceptOffer(AcceptOutcome::OfferEnded));
    let done = call_up(store, 20, scene::at(8)).await;
    assert_eq!((done.withdrawn, done.offered), (1, 1), "what is left of b is offered instead");
    assert_eq!(offered(store, 1..3).await, [(2, "b".to_owned())]);
    let offer = standing(store, waitlist::entry_id(2)).await.offer.expect("an offer");
    assert_eq!((offer.state, offer.made_at), (OfferState::Open, scene::at(8)));
}
