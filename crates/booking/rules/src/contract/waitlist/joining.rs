//! Who may wait.

use super::super::scene::{self, waitlist};
use super::super::{many, one};
use super::{apply, availability, call_up, cancel, counts, join, sell_out, standing};
use crate::batch::Outcome;
use crate::booking::BookSlotOutcome;
use crate::campaign::CampaignPlan;
use crate::eligibility::{Rule, Unmet};
use crate::pass::BindingCheck;
use crate::store::BookingStore;
use crate::waitlist::{
    AcceptOutcome, EntryState, JoinOutcome, Joined, LeaveOutcome, OfferState, Waitlist,
};

/// A person waits once, and does not wait who is booked; whoever books all the same waits no longer, and
/// gets the seat of the entry back.
pub async fn a_person_waits_once_and_never_beside_a_booking(store: &dyn BookingStore) {
    apply(store, waitlist::rules(5)).await;
    sell_out(store).await;
    join(store, 1..3).await;
    let pass = scene::grant(50, 4, scene::at(0));
    let asks = [
        waitlist::join(&pass, 51, 1, scene::key(51, 0)),
        waitlist::join(&pass, 52, 100, scene::key(52, 0)),
    ];
    let refused = many(store, &asks, scene::at(2)).await;
    assert_eq!(
        refused,
        [
            Outcome::JoinWaitlist(JoinOutcome::AlreadyWaiting),
            Outcome::JoinWaitlist(JoinOutcome::AlreadyBooked)
        ]
    );
    // Three places come back: two are kept, and one is everybody's.
    cancel(store, &[103, 104, 105], scene::at(3)).await;
    assert_eq!(counts(store, scene::at(3)).await, (2, 0, 2));
    call_up(store, 1, scene::at(4)).await;
    let booked = one(store, scene::book_slot(&pass, "c", 60, 1, scene::key(60, 0)), scene::at(5));
    assert!(matches!(booked.await, Outcome::BookSlot(BookSlotOutcome::Booked(_))));
    let ended = standing(store, waitlist::entry_id(1)).await;
    let booking = scene::booking_id(60);
    assert_eq!(ended.entry.state, EntryState::Booked { booking, at: scene::at(5) });
    assert_eq!((ended.entry.person, ended.position), (None, None));
    let withdrawn = OfferState::Withdrawn { at: scene::at(5) };
    assert_eq!(ended.offer.map(|offer| offer.state), Some(withdrawn));
    let seats = store.seats_taken(scene::grant(1, 1, scene::at(0)).pass_id, scene::at(5)).await;
    assert_eq!(seats.expect("the store answers"), 0, "the seat came back");
    call_up(store, 20, scene::at(6)).await;
    assert_eq!(counts(store, scene::at(6)).await, (0, 1, 1), "no more is kept than people wait");
    // Whoever a booking is corrected to waits no longer either.
    let corrected = one(store, scene::correct(&pass, 60, 2, scene::key(61, 0)), scene::at(7)).await;
    assert!(matches!(corrected, Outcome::CorrectPerson(_)), "{corrected:?}");
    let ended = standing(store, waitlist::entry_id(2)).await.entry.state;
    assert_eq!(ended, EntryState::Booked { booking, at: scene::at(7) });
}

/// People join from the opening on, as many as there are places; where no time is given, when no place is
/// left; and never once it is over.
pub async fn a_waitlist_takes_people_while_it_is_open(store: &dyn BookingStore) {
    let opens_at = scene::at(60);
    apply(store, Waitlist { opens_at: Some(opens_at), ..waitlist::rules(2) }).await;
    let ask = |number: u32| {
        waitlist::join(
            &scene::grant(number, 1, scene::at(0)),
            number,
            number,
            scene::key(number, 0),
        )
    };
    let refused = |opens_at| Outcome::JoinWaitlist(JoinOutcome::NotOpen { opens_at });
    assert_eq!(one(store, ask(1), scene::at(59)).await, refused(Some(opens_at)));
    let outcomes = many(store, &[ask(1), ask(2), ask(3)], opens_at).await;
    let joined =
        |outcome: &&Outcome| matches!(outcome, Outcome::JoinWaitlist(JoinOutcome::Joined(_)));
    assert_eq!(outcomes.iter().filter(joined).count(), 2);
    assert_eq!(outcomes[2], Outcome::JoinWaitlist(JoinOutcome::WaitlistFull));
    // A place on the waitlist that is given back is somebody else's.
    one(store, waitlist::leave(waitlist::entry_id(1)), scene::at(61)).await;
    let last = one(store, ask(3), scene::at(62)).await;
    assert!(matches!(last, Outcome::JoinWaitlist(JoinOutcome::Joined(Joined { number: 3, .. }))));

    let plan = waitlist::plan(Waitlist { opens_at: None, ..waitlist::rules(9) });
    store.apply_campaign(&plan, scene::at(63)).await.expect("the store answers");
    assert_eq!(one(store, ask(4), scene::at(64)).await, refused(None), "there are places to book");
    sell_out_rest(store).await;
    let joined = one(store, ask(4), scene::at(65)).await;
    assert!(matches!(joined, Outcome::JoinWaitlist(JoinOutcome::Joined(_))), "{joined:?}");

    let stops_at = Some(scene::at(70));
    let plan = waitlist::plan(Waitlist { stops_at, ..waitlist::rules(9) });
    store.apply_campaign(&plan, scene::at(66)).await.expect("the store answers");
    assert_eq!(one(store, ask(5), scene::at(70)).await, refused(None), "it calls nobody any more");
}

async fn sell_out_rest(store: &dyn BookingStore) {
    let slots = ["a", "a", "a", "b", "b", "c", "c", "c", "c"];
    for (number, slot) in (100..).zip(slots) {
        let pass = scene::grant(number, 1, scene::at(0));
        let book = scene::book_slot(&pass, slot, number, number, scene::key(number, 0));
        one(store, book, scene::at(64)).await;
    }
    assert_eq!(availability(store, scene::at(64)).await.places_left(), 0);
}

/// One key, one entry, and the same reply; leaving is done once however often it is asked for.
pub async fn joining_is_asked_once(store: &dyn BookingStore) {
    apply(store, waitlist::rules(5)).await;
    let pass = scene::grant(1, 2, scene::at(0));
    let ask = waitlist::join(&pass, 1, 1, scene::key(1, 0));
    let first = one(store, ask.clone(), scene::at(1)).await;
    assert_eq!(
        first,
        Outcome::JoinWaitlist(JoinOutcome::Joined(Joined {
            entry: waitlist::entry_id(1),
            number: 1,
            joined_at: scene::at(1),
            pass_used_up: false,
        }))
    );
    assert_eq!(one(store, ask, scene::at(9)).await, first);
    let other = waitlist::join(&pass, 2, 2, scene::key(1, 1));
    assert_eq!(
        one(store, other, scene::at(9)).await,
        Outcome::JoinWaitlist(JoinOutcome::KeyReused)
    );
    let entry = waitlist::entry_id(1);
    let whole = standing(store, entry).await;
    assert_eq!((whole.position, whole.offer, whole.entry.seat_no), (Some(1), None, 1));
    assert_eq!(whole.entry.person, Some(scene::correction(1).person));
    for now in [10, 20] {
        let left = one(store, waitlist::leave(entry), scene::at(now)).await;
        assert_eq!(left, Outcome::LeaveWaitlist(LeaveOutcome::Left));
    }
    let left = standing(store, entry).await.entry;
    assert_eq!((left.state, left.person), (EntryState::Left { at: scene::at(10) }, None));
    let unknown = one(store, waitlist::leave(waitlist::entry_id(9)), scene::at(30)).await;
    assert_eq!(unknown, Outcome::LeaveWaitlist(LeaveOutcome::EntryNotFound));
}

/// Asking who is booked or waits costs a guess, and a pass has few of them (P4).
pub async fn who_waits_is_not_told_for_nothing(store: &dyn BookingStore) {
    apply(store, waitlist::rules(9)).await;
    join(store, 1..2).await;
    let pass = scene::grant(50, 4, scene::at(0));
    for guess in 0..crate::pass::GUESSES_MAX {
        let key = scene::key(60 + u32::from(guess), 0);
        let refused = one(store, waitlist::join(&pass, 50, 1, key), scene::at(2)).await;
        assert_eq!(refused, Outcome::JoinWaitlist(JoinOutcome::AlreadyWaiting));
    }
    let last = waitlist::join(&pass, 50, 2, scene::key(80, 0));
    let refused = one(store, last, scene::at(3)).await;
    assert_eq!(refused, Outcome::JoinWaitlist(JoinOutcome::RefusedTooOften));
    let pass = scene::grant(51, 4, scene::at(0));
    let bound = waitlist::join(&pass, 51, 3, scene::key(81, 0));
    let refused = one(store, scene::bound(bound, BindingCheck::Differs), scene::at(3)).await;
    assert_eq!(refused, Outcome::JoinWaitlist(JoinOutcome::PersonNotOfPass));
}

/// A campaign that is not for a person is not waited for, and an offer is judged anew.
pub async fn who_may_not_book_does_not_wait(store: &dyn BookingStore) {
    apply(store, waitlist::rules(5)).await;
    sell_out(store).await;
    join(store, 1..2).await;
    cancel(store, &[103], scene::at(2)).await;
    call_up(store, 10, scene::at(3)).await;
    let mut campaign = waitlist::campaign(waitlist::rules(5));
    let rule = Rule::AgeMin { years: 99, on: "2021-06-20".parse().expect("a day") };
    campaign.eligibility.rules = vec![rule];
    let plan = CampaignPlan::new(campaign).expect("a plan");
    store.apply_campaign(&plan, scene::at(4)).await.expect("the store answers");
    let pass = scene::grant(2, 1, scene::at(0));
    let refused = one(store, waitlist::join(&pass, 2, 2, scene::key(2, 0)), scene::at(5)).await;
    assert_eq!(refused, Outcome::JoinWaitlist(JoinOutcome::Unmet(Unmet::Rule(rule))));
    let (entry, offer) = (waitlist::entry_id(1), waitlist::offer_id(10));
    let accept = waitlist::accept(entry, offer, (1, 1), scene::key(201, 0));
    let refused = one(store, accept, scene::at(6)).await;
    assert_eq!(refused, Outcome::AcceptOffer(AcceptOutcome::NotEligible));
}
