//! Passes: whom they are for, and what is left of them once they were given back.

use std::collections::HashSet;

use super::{apply, many, one, places_left, scene};
use crate::batch::Outcome;
use crate::booking::{BookHoldOutcome, BookSlotOutcome};
use crate::hold::{HoldOutcome, ReleaseOutcome, RenewOutcome};
use crate::pass::{BindingCheck, EndPassOutcome, GUESSES_MAX};
use crate::store::{BookingStore, Held};

const ENDED: Outcome = Outcome::EndPass(EndPassOutcome::Ended);

/// Nothing new begins with a pass that was given back; what had begun may be finished, and a repeat
/// gets the same reply as before.
pub async fn a_pass_that_was_given_back_begins_nothing(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let hold = scene::hold(&pass, "c", 2, 1, scene::key(1, 0));
    let before = one(store, hold.clone(), scene::at(1)).await;
    for _ in 0..2 {
        assert_eq!(one(store, scene::end_pass(&pass), scene::at(2)).await, ENDED);
    }
    let commands = [
        scene::hold(&pass, "c", 1, 2, scene::key(2, 0)),
        scene::book_slot(&pass, "c", 2, 2, scene::key(3, 0)),
        scene::renew(&pass, 1, scene::key(4, 0)),
        hold,
        scene::book_hold(&pass, 1, 1, 1, scene::key(5, 0)),
        scene::release(&pass, 1),
        scene::hold(&pass, "c", 1, 3, scene::key(6, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(3)).await;
    assert_eq!(outcomes[0], Outcome::Hold(HoldOutcome::PassEnded));
    assert_eq!(outcomes[1], Outcome::BookSlot(BookSlotOutcome::PassEnded));
    assert_eq!(outcomes[2], Outcome::RenewHold(RenewOutcome::PassEnded));
    assert_eq!(outcomes[3], before, "P3: the same reply to a repeat");
    assert!(matches!(outcomes[4], Outcome::BookHold(BookHoldOutcome::Booked(_))), "{outcomes:?}");
    assert_eq!(outcomes[5], Outcome::ReleaseHold(ReleaseOutcome::Released));
    assert_eq!(outcomes[6], Outcome::Hold(HoldOutcome::PassEnded));
    assert_eq!(places_left(store, "c", scene::at(3)).await, 29);
}

/// It makes no difference whether the pass had been used before, or how soon something follows.
pub async fn a_pass_can_be_given_back_unused(store: &dyn BookingStore) {
    apply(store).await;
    let (early, late) = (scene::grant(1, 4, scene::at(0)), scene::grant(2, 4, scene::at(0)));
    let commands = [scene::end_pass(&early), scene::hold(&early, "c", 4, 1, scene::key(1, 0))];
    let outcomes = many(store, &commands, scene::at(1)).await;
    assert_eq!(outcomes, [ENDED, Outcome::Hold(HoldOutcome::PassEnded)]);
    assert_eq!(one(store, scene::end_pass(&late), scene::at(1)).await, ENDED);
    let refused = one(store, scene::hold(&late, "c", 4, 2, scene::key(2, 0)), scene::at(2)).await;
    assert_eq!(refused, Outcome::Hold(HoldOutcome::PassEnded));
    // The same pass comes back with another end when its ticket is redeemed again.
    let again = scene::grant(2, 4, scene::at(600));
    let refused =
        one(store, scene::hold(&again, "c", 4, 3, scene::key(3, 0)), scene::at(601)).await;
    assert_eq!(refused, Outcome::Hold(HoldOutcome::PassEnded));
    assert_eq!(places_left(store, "c", scene::at(601)).await, 30);

    let mut nowhere = scene::grant(3, 4, scene::at(0));
    nowhere.campaign = scene::slot("nowhere");
    let unknown = one(store, scene::end_pass(&nowhere), scene::at(1)).await;
    assert_eq!(unknown, Outcome::EndPass(EndPassOutcome::CampaignNotFound));
}

/// P17: the place drawn for one person books for that person; then for others in the same car.
pub async fn whoever_a_pass_is_bound_to_is_booked_first(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let differs = |command| scene::bound(command, BindingCheck::Differs);
    let commands = [
        scene::hold(&pass, "c", 2, 1, scene::key(1, 0)),
        differs(scene::book_hold(&pass, 1, 1, 1, scene::key(2, 0))),
        differs(scene::book_slot(&pass, "c", 2, 1, scene::key(3, 0))),
        scene::bound(scene::book_hold(&pass, 1, 3, 2, scene::key(4, 0)), BindingCheck::Matches),
        differs(scene::book_hold(&pass, 1, 4, 1, scene::key(5, 0))),
        differs(scene::book_slot(&pass, "c", 5, 3, scene::key(6, 0))),
    ];
    let outcomes = many(store, &commands, scene::at(1)).await;
    assert_eq!(outcomes[1], Outcome::BookHold(BookHoldOutcome::PersonNotOfPass));
    assert_eq!(outcomes[2], Outcome::BookSlot(BookSlotOutcome::PersonNotOfPass));
    assert!(matches!(outcomes[3], Outcome::BookHold(BookHoldOutcome::Booked(_))), "{outcomes:?}");
    assert!(matches!(outcomes[4], Outcome::BookHold(BookHoldOutcome::Booked(_))), "{outcomes:?}");
    assert!(matches!(outcomes[5], Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{outcomes:?}");

    // Whether somebody else is booked is not told under a pass that is not theirs (P4).
    let other = scene::grant(2, 4, scene::at(0));
    let probe = differs(scene::book_slot(&other, "c", 6, 1, scene::key(7, 0)));
    let refused = one(store, probe, scene::at(2)).await;
    assert_eq!(refused, Outcome::BookSlot(BookSlotOutcome::PersonNotOfPass));
    assert_eq!(places_left(store, "c", scene::at(2)).await, 27);
}

/// P19: what was used up and what was given back can be told again after a crash.
pub async fn departed_passes_are_remembered(store: &dyn BookingStore) {
    apply(store).await;
    let [left, holding, begun] = [1, 3, 5].map(|number| scene::grant(number, 4, scene::at(0)));
    let booked = scene::grant(2, 1, scene::at(0));
    let late = scene::grant(4, 4, scene::at(60));
    let commands = [
        scene::end_pass(&left),
        scene::book_slot(&booked, "c", 1, 1, scene::key(1, 0)),
        scene::hold(&holding, "c", 1, 1, scene::key(2, 0)),
        scene::book_slot(&begun, "c", 2, 2, scene::key(3, 0)),
        scene::end_pass(&late),
    ];
    many(store, &commands, scene::at(61)).await;
    let departed = async |seconds, passes_max| {
        let campaign = scene::slot("rehearsal");
        let departed = store.departed_passes(&campaign, scene::at(seconds), passes_max).await;
        departed.expect("the store answers")
    };
    assert_eq!(departed(62, 10).await, [late.pass_id, left.pass_id, booked.pass_id]);
    assert_eq!(departed(62, 2).await, [late.pass_id, left.pass_id], "bounded");
    assert_eq!(departed(900, 10).await, [late.pass_id], "of expired ones nobody needs to know");
    assert_eq!(departed(960, 10).await, []);
}

/// What open holds keep is counted once, and never together with the places left.
pub async fn what_is_held_is_counted(store: &dyn BookingStore) {
    apply(store).await;
    let [first, second, third] = [1, 2, 3].map(|number| scene::grant(number, 4, scene::at(0)));
    let commands = [
        scene::hold(&first, "c", 2, 1, scene::key(1, 0)),
        scene::hold(&first, "b", 1, 2, scene::key(2, 0)),
        scene::hold(&second, "c", 3, 3, scene::key(3, 0)),
        scene::book_hold(&second, 3, 1, 1, scene::key(4, 0)),
        scene::book_slot(&third, "c", 2, 2, scene::key(5, 0)),
    ];
    many(store, &commands, scene::at(0)).await;
    let passes = [first.pass_id, second.pass_id, third.pass_id];
    let counted = async |seconds| {
        let now = scene::at(seconds);
        let availability = store.availability(&scene::slot("rehearsal"), now).await;
        let availability = availability.expect("the store answers").expect("the campaign exists");
        assert_eq!(availability.as_of, now);
        let open = store.passes_with_open_holds(&passes, now).await.expect("the store answers");
        (availability.places_left(), availability.held, open)
    };
    let [one_pass, two_passes] = [1, 2].map(|count| HashSet::from_iter(passes[..count].to_vec()));
    assert_eq!(counted(1).await, (26, Held { passes: 2, seats: 5 }, two_passes));
    one(store, scene::release(&second, 3), scene::at(2)).await;
    assert_eq!(counted(2).await, (28, Held { passes: 1, seats: 3 }, one_pass));
    assert_eq!(counted(480).await, (31, Held::default(), HashSet::new()));
    let none = store.passes_with_open_holds(&[], scene::at(1)).await.expect("the store answers");
    assert!(none.is_empty());
}

/// The seats of a pass that are taken: kept by a hold that is open, or booked.
pub async fn the_seats_of_a_pass_are_counted(store: &dyn BookingStore) {
    apply(store).await;
    let [pass, stranger] = [1, 2].map(|number| scene::grant(number, 4, scene::at(0)));
    let taken = async |seconds| {
        let taken = store.seats_taken(pass.pass_id, scene::at(seconds)).await;
        taken.expect("the store answers")
    };
    assert_eq!(taken(0).await, 0, "of a pass that did nothing");
    let left = async |command, seconds| match one(store, command, scene::at(seconds)).await {
        Outcome::Hold(HoldOutcome::Held(facts))
        | Outcome::RenewHold(RenewOutcome::Renewed(facts)) => facts.seats_left,
        other => panic!("no hold: {other:?}"),
    };
    let hold = scene::hold(&pass, "c", 2, 1, scene::key(1, 0));
    assert_eq!((left(hold.clone(), 0).await, taken(0).await), (2, 2));
    let book = scene::book_slot(&pass, "c", 2, 2, scene::key(2, 0));
    let commands = [
        book,
        scene::book_hold(&pass, 1, 1, 1, scene::key(3, 0)),
        scene::hold(&stranger, "c", 3, 2, scene::key(4, 0)),
    ];
    many(store, &commands, scene::at(1)).await;
    assert_eq!(taken(1).await, 3, "one held, two booked");
    assert_eq!(left(hold, 2).await, 2, "P3: a repeat is told the same as before");
    assert_eq!(left(scene::renew(&pass, 1, scene::key(5, 0)), 2).await, 1);
    one(store, scene::cancel(2, scene::key(6, 0)), scene::at(3)).await;
    assert_eq!(taken(3).await, 2);
    assert_eq!((taken(481).await, taken(482).await), (2, 1), "the hold is over, its booking stays");
}

/// A seat whose booking is cancelled comes back to its pass, as often as the pass may learn something for
/// nothing: a wrong guess that costs no seat would be free (P4).
pub async fn a_cancelled_seat_returns_to_its_pass(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 1, scene::at(0));
    let book = |number| scene::book_slot(&pass, "c", number, number, scene::key(number, 0));
    let booked = |outcome: &Outcome| matches!(outcome, Outcome::BookSlot(BookSlotOutcome::Booked(booked)) if booked.pass_used_up);
    let first = one(store, book(1), scene::at(1)).await;
    assert!(booked(&first), "{first:?}");
    let exhausted = one(store, book(2), scene::at(1)).await;
    assert_eq!(exhausted, Outcome::BookSlot(BookSlotOutcome::PassExhausted));
    for number in 1..u32::from(GUESSES_MAX) {
        let commands = [scene::cancel(number, scene::key(100 + number, 0)), book(number + 1)];
        // In one batch or in two, it is the same.
        let outcomes = if number % 2 == 0 {
            many(store, &commands, scene::at(2)).await
        } else {
            let [cancel, book] = commands;
            vec![one(store, cancel, scene::at(2)).await, one(store, book, scene::at(2)).await]
        };
        assert!(booked(&outcomes[1]), "{number}: {outcomes:?}");
    }
    let last = u32::from(GUESSES_MAX);
    one(store, scene::cancel(last, scene::key(200, 0)), scene::at(3)).await;
    let refused = one(store, book(last + 1), scene::at(3)).await;
    assert_eq!(refused, Outcome::BookSlot(BookSlotOutcome::RefusedTooOften));
    assert_eq!(places_left(store, "c", scene::at(3)).await, 30, "P5: free again exactly once");
}
