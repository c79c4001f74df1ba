//! Bookings whose person is corrected.

use std::sync::Arc;

use kernel::Municipality;

use super::{apply, many, one, places_left, scene};
use crate::batch::{Command, Outcome};
use crate::booking::{
    BookSlotOutcome, Booking, BookingStatus, CancelOutcome, CorrectOutcome, CorrectPerson,
    Corrected, Correction,
};
use crate::campaign::{Campaign, CampaignPlan};
use crate::pass::{BindingCheck, EndPassOutcome, GUESSES_MAX};
use crate::store::BookingStore;

fn corrected(number: u32) -> Outcome {
    let corrected = Corrected { booking: scene::booking_id(number) };
    Outcome::CorrectPerson(CorrectOutcome::Corrected(corrected))
}

fn refused(outcome: CorrectOutcome) -> Outcome {
    Outcome::CorrectPerson(outcome)
}

fn is_booked(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::BookSlot(BookSlotOutcome::Booked(_)))
}

async fn stored(store: &dyn BookingStore, number: u32) -> Booking {
    let booking = store.booking(scene::booking_id(number)).await.expect("the store answers");
    booking.expect("the booking")
}

/// The same correction, but of somebody who is person number `person` already: only what is known
/// besides name and date of birth is another.
fn same_person(command: Command, person: u32) -> Command {
    let Command::CorrectPerson(command) = command else { panic!("a correction") };
    let correction =
        Correction { person: command.correction.person.clone(), ..scene::correction(person) };
    Command::CorrectPerson(CorrectPerson { correction: Arc::new(correction), ..command })
}

async fn apply_with(store: &dyn BookingStore, second: u64, edit: impl FnOnce(&mut Campaign)) {
    let mut campaign = scene::campaign();
    edit(&mut campaign);
    let plan = CampaignPlan::new(campaign).expect("a plan");
    store.apply_campaign(&plan, scene::at(second)).await.expect("the store answers");
}

/// A family of four has used all seats of its pass on a slot that is full by now. One name is
/// corrected, and nothing else is another: id, code, token, slot, seats and places. One key, one
/// effect (P3).
pub async fn a_typing_error_costs_no_place(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let family = [("a", 1), ("b", 2), ("b", 3), ("c", 4)]
        .map(|(slot, number)| scene::book_slot(&pass, slot, number, number, scene::key(number, 0)));
    assert!(many(store, &family, scene::at(0)).await.iter().all(is_booked));
    let before = stored(store, 2).await;

    let correct = scene::correct(&pass, 2, 22, scene::key(5, 0));
    assert_eq!(one(store, correct.clone(), scene::at(60)).await, corrected(2));
    let again = scene::correct(&pass, 2, 23, scene::key(6, 0));
    let reused = scene::correct(&pass, 2, 24, scene::key(6, 1));
    let outcomes = many(store, &[again, correct, reused], scene::at(61)).await;
    assert_eq!(outcomes, [corrected(2), corrected(2), refused(CorrectOutcome::KeyReused)]);
    let after = stored(store, 2).await;
    assert_eq!(after.registration.person, Some(scene::correction(23).person));
    let registration = Arc::new(before.registration.corrected(&scene::correction(23)));
    assert_eq!(after, Booking { registration, sequence: 2, ..before });
    for (slot, places) in [("a", 0), ("b", 0), ("c", 29)] {
        assert_eq!(places_left(store, slot, scene::at(61)).await, places, "{slot}");
    }
    let fifth = scene::book_slot(&pass, "c", 5, 5, scene::key(7, 0));
    let fifth = one(store, fifth, scene::at(62)).await;
    assert_eq!(fifth, Outcome::BookSlot(BookSlotOutcome::PassExhausted));
    let cancel = one(store, scene::cancel(2, scene::key(8, 0)), scene::at(63)).await;
    assert!(matches!(cancel, Outcome::CancelBooking(CancelOutcome::Cancelled(_))), "{cancel:?}");
}

/// P4: whoever has a booking gets no second one by a correction, under whichever key it is stored; whom
/// a booking was for before may book.
pub async fn a_correction_books_nobody_twice(store: &dyn BookingStore) {
    apply(store).await;
    let (pass, other) = (scene::grant(1, 4, scene::at(0)), scene::grant(2, 4, scene::at(0)));
    let commands = [
        scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)),
        scene::book_slot(&other, "c", 2, 2, scene::key(2, 0)),
    ];
    many(store, &commands, scene::at(0)).await;
    let to_a_former_key = match scene::correct(&pass, 1, 3, scene::key(4, 0)) {
        Command::CorrectPerson(command) => {
            let former_person_key = scene::correction(2).person_key;
            let correction = Correction { former_person_key, ..scene::correction(3) };
            Command::CorrectPerson(CorrectPerson { correction: Arc::new(correction), ..command })
        }
        other => panic!("a correction: {other:?}"),
    };
    let commands = [scene::correct(&pass, 1, 2, scene::key(3, 0)), to_a_former_key];
    let outcomes = many(store, &commands, scene::at(1)).await;
    assert_eq!(
        outcomes,
        [CorrectOutcome::AlreadyBooked, CorrectOutcome::AlreadyBooked].map(refused)
    );
    assert_eq!(stored(store, 1).await.registration.person, Some(scene::correction(1).person));

    let commands = [
        scene::cancel(2, scene::key(5, 0)),
        scene::correct(&pass, 1, 2, scene::key(6, 0)),
        scene::book_slot(&other, "c", 3, 2, scene::key(7, 0)),
        scene::book_slot(&other, "c", 4, 1, scene::key(8, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(2)).await;
    assert_eq!(outcomes[1], corrected(1));
    assert_eq!(outcomes[2], Outcome::BookSlot(BookSlotOutcome::AlreadyBooked));
    assert!(is_booked(&outcomes[3]), "{outcomes:?}");
    let twice =
        one(store, scene::book_slot(&other, "c", 5, 2, scene::key(9, 0)), scene::at(3)).await;
    assert_eq!(twice, Outcome::BookSlot(BookSlotOutcome::AlreadyBooked));
}

/// A batch is the same as its commands one by one, also where a person goes from one booking to the
/// other, and where a booking is made, corrected, moved and cancelled in it.
pub async fn two_persons_may_be_exchanged_in_one_batch(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let commands = [
        scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)),
        scene::book_slot(&pass, "b", 2, 2, scene::key(2, 0)),
        scene::book_slot(&pass, "c", 3, 3, scene::key(3, 0)),
    ];
    many(store, &commands, scene::at(0)).await;
    let commands = [
        scene::correct(&pass, 1, 9, scene::key(4, 0)),
        scene::correct(&pass, 2, 1, scene::key(5, 0)),
        scene::correct(&pass, 1, 2, scene::key(6, 0)),
        scene::move_booking(1, "a", scene::key(7, 0)),
        scene::book_slot(&pass, "c", 4, 4, scene::key(8, 0)),
        scene::correct(&pass, 4, 9, scene::key(9, 0)),
        scene::correct(&pass, 3, 4, scene::key(10, 0)),
        scene::move_booking(3, "b", scene::key(11, 0)),
        scene::cancel(3, scene::key(12, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(1)).await;
    for (place, number) in [(0, 1), (1, 2), (2, 1), (5, 4), (6, 3)] {
        assert_eq!(outcomes[place], corrected(number), "{place}");
    }
    for (number, person, slot) in [(1, 2, "a"), (2, 1, "b"), (4, 9, "c")] {
        let booking = stored(store, number).await;
        assert_eq!(booking.slot, scene::slot(slot), "booking {number}");
        assert_eq!(booking.registration.person_key, scene::correction(person).person_key);
        assert_eq!(booking.registration.person, Some(scene::correction(person).person));
    }
    let cancelled = stored(store, 3).await;
    assert_eq!(cancelled.status, BookingStatus::Cancelled { at: scene::at(1) });
    assert_eq!((cancelled.slot, &cancelled.registration.person), (scene::slot("b"), &None));
}

/// A pass corrects what it has booked, until it expires, also after it was given back. Somebody else
/// comes in only as long as they could book; the data of the same person do not depend on that.
pub async fn only_the_pass_that_booked_corrects_and_while_it_lives(store: &dyn BookingStore) {
    apply(store).await;
    let (pass, stranger) = (scene::grant(1, 4, scene::at(0)), scene::grant(2, 4, scene::at(0)));
    let commands = [
        scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)),
        scene::book_slot(&pass, "c", 2, 2, scene::key(2, 0)),
        scene::cancel(2, scene::key(3, 0)),
        scene::end_pass(&pass),
        scene::correct(&stranger, 1, 5, scene::key(4, 0)),
        scene::correct(&pass, 9, 5, scene::key(5, 0)),
        scene::correct(&pass, 2, 5, scene::key(6, 0)),
        scene::correct(&pass, 1, 5, scene::key(7, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(1)).await;
    assert_eq!(outcomes[3], Outcome::EndPass(EndPassOutcome::Ended));
    let expected = [
        CorrectOutcome::BookingNotFound,
        CorrectOutcome::BookingNotFound,
        CorrectOutcome::AlreadyCancelled,
    ];
    assert_eq!(outcomes[4..7], expected.map(refused));
    assert_eq!(outcomes[7], corrected(1), "it begins nothing");

    let attempt = |number, second| {
        let somebody_else = scene::correct(&pass, 1, 6, scene::key(number, 0));
        let the_same = scene::correct(&pass, 1, 7, scene::key(number + 1, 0));
        let commands = [somebody_else, same_person(the_same, 5)];
        async move { many(store, &commands, scene::at(second)).await }
    };
    apply_with(store, 2, |campaign| {
        let rows = campaign.residence.rows().iter().cloned();
        let rows = rows.map(|row| Municipality { eligible: row.name != "Speyer", ..row });
        campaign.residence = kernel::ResidenceTable::new(rows.collect());
    })
    .await;
    assert_eq!(attempt(10, 3).await, [refused(CorrectOutcome::NotEligible), corrected(1)]);
    assert_eq!(stored(store, 1).await.registration.person, Some(scene::correction(7).person));
    apply_with(store, 4, |campaign| campaign.closes_at = scene::at(60)).await;
    assert_eq!(attempt(12, 60).await, [refused(CorrectOutcome::CampaignClosed), corrected(1)]);
    let expired = refused(CorrectOutcome::PassExpired);
    assert_eq!(attempt(14, 900).await, [expired.clone(), expired]);
}

/// P4: a correction to somebody else tells whether they are booked, and the seat comes back; so it
/// costs one of the guesses that a pass has, whatever the answer. Correcting the data of the same
/// person costs none.
pub async fn correcting_is_no_free_way_to_guess(store: &dyn BookingStore) {
    apply(store).await;
    let (pass, other) = (scene::grant(1, 4, scene::at(0)), scene::grant(2, 4, scene::at(0)));
    let commands = [
        scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)),
        scene::book_slot(&other, "c", 2, 2, scene::key(2, 0)),
        scene::book_slot(&pass, "c", 3, 2, scene::key(3, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(0)).await;
    assert_eq!(outcomes[2], Outcome::BookSlot(BookSlotOutcome::AlreadyBooked), "the first guess");
    for guess in 1..u32::from(GUESSES_MAX) {
        let key = scene::key(10 + guess, 0);
        let (person, told) = if guess % 2 == 0 {
            (2, refused(CorrectOutcome::AlreadyBooked))
        } else {
            (10 + guess, corrected(1))
        };
        assert_eq!(one(store, scene::correct(&pass, 1, person, key), scene::at(1)).await, told);
    }
    let last = 10 + u32::from(GUESSES_MAX) - 1;
    let commands = [
        scene::correct(&pass, 1, 2, scene::key(30, 0)),
        scene::correct(&pass, 1, 9, scene::key(31, 0)),
        scene::book_slot(&pass, "c", 4, 2, scene::key(32, 0)),
        same_person(scene::correct(&pass, 1, 8, scene::key(33, 0)), last),
    ];
    let outcomes = many(store, &commands, scene::at(2)).await;
    let too_often = refused(CorrectOutcome::RefusedTooOften);
    assert_eq!(outcomes[..2], [too_often.clone(), too_often]);
    assert_eq!(outcomes[2], Outcome::BookSlot(BookSlotOutcome::RefusedTooOften), "one budget");
    assert_eq!(outcomes[3], corrected(1));
}

/// P17: the one booking of a pass that is bound to a person stays with that person. Where others of
/// the same car are booked besides, it could be given back and booked for one more of them.
pub async fn a_bound_pass_stays_with_its_person(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let bound = |command, binding| scene::bound(command, binding);
    let commands = [
        bound(scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)), BindingCheck::Matches),
        bound(scene::correct(&pass, 1, 5, scene::key(2, 0)), BindingCheck::Differs),
        bound(scene::correct(&pass, 1, 6, scene::key(3, 0)), BindingCheck::Matches),
        bound(same_person(scene::correct(&pass, 1, 7, scene::key(4, 0)), 6), BindingCheck::Differs),
        bound(scene::book_slot(&pass, "c", 2, 2, scene::key(5, 0)), BindingCheck::Differs),
        bound(scene::correct(&pass, 1, 5, scene::key(6, 0)), BindingCheck::Differs),
    ];
    let outcomes = many(store, &commands, scene::at(0)).await;
    assert_eq!(outcomes[1], refused(CorrectOutcome::PersonNotOfPass));
    assert_eq!(outcomes[2..4], [corrected(1), corrected(1)], "the same one, written otherwise");
    assert!(is_booked(&outcomes[4]), "{outcomes:?}");
    assert_eq!(outcomes[5], corrected(1));
}
