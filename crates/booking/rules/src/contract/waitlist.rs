//! Waiting for a place: the cases of the waitlist.

mod calling;
mod changing;
mod joining;
mod judging;
mod model;
mod offers;

pub use calling::*;
pub use changing::*;
pub use joining::*;
pub use judging::*;
pub use model::*;
pub use offers::*;

use kernel::Timestamp;

use super::scene::{self, waitlist};
use super::{many, one};
use crate::batch::{Command, Outcome};
use crate::store::{Availability, BookingStore};
use crate::waitlist::{
    CallUpOutcome, CalledUp, EntryStanding, OfferState, Waitlist, WaitlistEntryId,
};

/// Generates one `#[tokio::test]` for each clause of the contract that is about waitlists; see
/// [`crate::booking_store_contract`].
#[macro_export]
macro_rules! waitlist_contract {
    ($fresh:path) => {
        $crate::booking_store_contract!($fresh:
            what_comes_back_is_offered_to_who_waits,
            a_person_waits_once_and_never_beside_a_booking,
            a_waitlist_takes_people_while_it_is_open,
            joining_is_asked_once,
            who_waits_is_not_told_for_nothing,
            who_may_not_book_does_not_wait,
            who_is_too_young_by_now_is_not_called,
            somebody_behind_a_thousand_is_called,
            a_missed_offer_goes_to_the_next,
            a_declined_slot_is_not_offered_again,
            more_offers_than_places_never_oversell,
            an_offer_is_accepted_once,
            an_offer_ends_with_its_place_and_its_entry,
            nobody_is_called_at_night,
            the_operator_calls_for_a_slot,
            added_places_go_to_those_who_wait,
            kept_places_never_exceed_what_is_free,
            the_rest_is_opened_to_everybody,
            it_agrees_with_the_model_on_waitlists,
        );
    };
}

async fn apply(store: &dyn BookingStore, rules: Waitlist) {
    let plan = waitlist::plan(rules);
    store.apply_campaign(&plan, scene::at(0)).await.expect("the store answers");
}

/// Books the 9 places of the campaign for persons 100 to 108, as the bookings of these numbers: `a` has
/// the first 3, `b` the next 2, `c` the others.
async fn sell_out(store: &dyn BookingStore) {
    let slots = ["a", "a", "a", "b", "b", "c", "c", "c", "c"];
    let bookings = (100..).zip(slots).map(|(number, slot)| {
        let pass = scene::grant(number, 1, scene::at(0));
        scene::book_slot(&pass, slot, number, number, scene::key(number, 0))
    });
    let bookings: Vec<Command> = bookings.collect();
    many(store, &bookings, scene::at(0)).await;
    assert_eq!(availability(store, scene::at(0)).await.places_left(), 0);
}

/// Persons of these numbers join, as the entries of these numbers, each with a pass of their own.
async fn join(store: &dyn BookingStore, persons: std::ops::Range<u32>) {
    let joining = persons.map(|number| {
        let pass = scene::grant(number, 1, scene::at(0));
        waitlist::join(&pass, number, number, scene::key(number, 0))
    });
    let joining: Vec<Command> = joining.collect();
    let outcomes = many(store, &joining, scene::at(1)).await;
    for outcome in outcomes {
        let is_joined =
            matches!(outcome, Outcome::JoinWaitlist(crate::waitlist::JoinOutcome::Joined(_)));
        assert!(is_joined, "{outcome:?}");
    }
}

/// Gives the places of these bookings back.
async fn cancel(store: &dyn BookingStore, bookings: &[u32], now: Timestamp) {
    let commands =
        bookings.iter().map(|number| scene::cancel(*number, scene::key(500 + number, 0)));
    let commands: Vec<Command> = commands.collect();
    many(store, &commands, now).await;
}

async fn availability(store: &dyn BookingStore, now: Timestamp) -> Availability {
    let availability = store.availability(&scene::slot("rehearsal"), now).await;
    availability.expect("the store answers").expect("the campaign exists")
}

/// Who waits, who has an offer, and what is kept: the numbers of the waitlist.
async fn counts(store: &dyn BookingStore, now: Timestamp) -> (u32, u32, u32) {
    let availability = availability(store, now).await;
    let kept: u32 = availability.slots.iter().map(|slot| slot.reserved).sum();
    assert_eq!(kept, availability.waitlist.reserved, "what is kept is kept in the slots");
    (availability.waitlist.waiting, availability.waitlist.offered, kept)
}

/// Calls up with at most 9 offers from number `offer` on.
async fn call_up(store: &dyn BookingStore, offer: u32, now: Timestamp) -> CalledUp {
    called(&one(store, waitlist::call_up(offer, 9), now).await)
}

fn called(outcome: &Outcome) -> CalledUp {
    let Outcome::CallUp(CallUpOutcome::Done(called)) = outcome else { panic!("{outcome:?}") };
    *called
}

async fn standing(store: &dyn BookingStore, entry: WaitlistEntryId) -> EntryStanding {
    let standing = store.waitlist_entry(entry).await.expect("the store answers");
    standing.expect("the entry exists")
}

/// Whose latest offer is open, and of which slot, by the numbers of entries.
async fn offered(store: &dyn BookingStore, entries: std::ops::Range<u32>) -> Vec<(u32, String)> {
    let mut offered = Vec::new();
    for number in entries {
        let offer = standing(store, waitlist::entry_id(number)).await.offer;
        if let Some(offer) = offer.filter(|offer| offer.state == OfferState::Open) {
            offered.push((number, offer.slot.to_string()));
        }
    }
    offered
}
