//! Bookings: one per key, one per person, one per place.

use std::sync::Arc;

use kernel::Timestamp;

use super::{apply, many, one, places_left, scene};
use crate::batch::{Command, Outcome};
use crate::booking::{
    BookHoldOutcome, BookSlot, BookSlotOutcome, Booking, BookingHead, BookingStatus, CancelBooking,
    CancelOutcome, Registration, TokenHash,
};
use crate::hold::HoldOutcome;
use crate::store::BookingStore;

fn is_booked(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::BookSlot(outcome) => matches!(outcome, BookSlotOutcome::Booked(_)),
        Outcome::BookHold(outcome) => matches!(outcome, BookHoldOutcome::Booked(_)),
        other => panic!("not the outcome of a booking: {other:?}"),
    }
}

/// P2: what was answered is stored, every field of it, made on a hold or in one step.
pub async fn a_booking_reads_back_as_it_was_made(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let commands = [
        scene::hold(&pass, "c", 1, 1, scene::key(1, 0)),
        scene::book_hold(&pass, 1, 1, 1, scene::key(2, 0)),
        scene::book_slot(&pass, "b", 2, 6, scene::key(3, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(7)).await;
    let Outcome::BookSlot(BookSlotOutcome::Booked(booked)) = &outcomes[2] else {
        panic!("{outcomes:?}")
    };
    let campaign = scene::campaign();
    let slot = campaign.slot(&scene::slot("b")).expect("the slot");
    assert_eq!(
        (&booked.site, booked.starts_at, booked.ends_at),
        (&slot.site, slot.starts_at, slot.ends_at)
    );
    assert_eq!((booked.booking, booked.booked_at), (scene::booking_id(2), scene::at(7)));

    let expected = |registration: Arc<Registration>, slot, hold, seat_no| Booking {
        registration: Arc::new(Registration {
            former_person_key: None,
            ..Registration::clone(&registration)
        }),
        campaign: campaign.id.clone(),
        slot: scene::slot(slot),
        hold,
        pass_id: pass.pass_id,
        seat_no,
        ags: pass.ags,
        booked_at: scene::at(7),
        status: BookingStatus::Confirmed,
        token_generation: 0,
        sequence: 0,
        link_asked_at: None,
        car: None,
    };
    let read =
        async |number| store.booking(scene::booking_id(number)).await.expect("the store answers");
    let on_hold = expected(scene::registration(1, 1), "c", Some(scene::hold_id(1)), 1);
    assert_eq!(read(1).await, Some(on_hold));
    assert_eq!(read(2).await, Some(expected(scene::registration(2, 6), "b", None, 2)));
    assert_eq!(read(3).await, None);
}

/// P3: repeating a request under its key changes nothing and gives the same reply, in the same
/// batch and in later ones; another request under the key is refused; a refused request leaves the
/// key free.
pub async fn one_key_has_one_effect(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let book = scene::book_slot(&pass, "c", 1, 1, scene::key(1, 7));
    let repeat = scene::book_slot(&pass, "c", 2, 1, scene::key(1, 7));
    let other = scene::book_slot(&pass, "b", 3, 2, scene::key(1, 8));
    let outcomes = many(store, &[book, repeat.clone(), other], scene::at(0)).await;
    assert!(is_booked(&outcomes[0]));
    assert_eq!(outcomes[1], outcomes[0], "same batch");
    assert_eq!(outcomes[2], Outcome::BookSlot(BookSlotOutcome::KeyReused));
    assert_eq!(one(store, repeat, scene::at(60)).await, outcomes[0], "later batch");
    assert_eq!(places_left(store, "c", scene::at(60)).await, 29);
    let second = store.booking(scene::booking_id(2)).await.expect("the store answers");
    assert_eq!(second, None, "a repeat books nothing");
    let hold = one(store, scene::hold(&pass, "c", 1, 1, scene::key(1, 7)), scene::at(60)).await;
    assert_eq!(hold, Outcome::Hold(HoldOutcome::KeyReused), "an effect of another kind");

    let refused = one(store, scene::hold(&pass, "a", 2, 2, scene::key(2, 0)), scene::at(60)).await;
    assert_eq!(refused, Outcome::Hold(HoldOutcome::SlotFull { places_left: 1 }));
    let smaller = one(store, scene::hold(&pass, "a", 1, 2, scene::key(2, 1)), scene::at(60)).await;
    assert!(matches!(smaller, Outcome::Hold(HoldOutcome::Held(_))), "{smaller:?}");
}

/// P3: a repeat is told of the booking as it stands now, in the same batch and later, whichever way it was made.
pub async fn a_repeat_says_how_things_stand(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let on_hold = scene::book_hold(&pass, 1, 1, 1, scene::key(2, 0));
    let in_one_step = scene::book_slot(&pass, "b", 2, 6, scene::key(3, 0));
    let hold = scene::hold(&pass, "c", 2, 1, scene::key(1, 0));
    one(store, hold, scene::at(0)).await;
    let commands = [on_hold.clone(), in_one_step.clone()];
    for outcome in many(store, &commands, scene::at(1)).await {
        assert_eq!(cancelled_at(&outcome), None);
    }
    let commands =
        [scene::cancel(1, scene::key(4, 0)), on_hold.clone(), scene::cancel(2, scene::key(5, 0))];
    let outcomes = many(store, &commands, scene::at(2)).await;
    assert_eq!(cancelled_at(&outcomes[1]), Some(scene::at(2)), "same batch");
    for repeat in [on_hold, in_one_step] {
        let outcome = one(store, repeat, scene::at(3)).await;
        assert_eq!(cancelled_at(&outcome), Some(scene::at(2)), "later batch");
    }
}

/// When the booking that is told of was cancelled.
fn cancelled_at(outcome: &Outcome) -> Option<Timestamp> {
    match outcome {
        Outcome::BookSlot(BookSlotOutcome::Booked(booked))
        | Outcome::BookHold(BookHoldOutcome::Booked(booked)) => booked.cancelled_at,
        other => panic!("no booking: {other:?}"),
    }
}

/// P4: a person with an active booking gets no second one, on whichever way and pass; after a
/// cancellation, even within the same batch, a new one.
pub async fn a_person_has_one_active_booking(store: &dyn BookingStore) {
    apply(store).await;
    let (pass, other) = (scene::grant(1, 4, scene::at(0)), scene::grant(2, 4, scene::at(0)));
    let commands = [
        scene::hold(&other, "b", 1, 1, scene::key(1, 0)),
        scene::book_slot(&pass, "c", 1, 1, scene::key(2, 0)),
        scene::book_slot(&other, "b", 2, 1, scene::key(3, 0)),
        scene::book_hold(&other, 1, 3, 1, scene::key(4, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(0)).await;
    assert!(is_booked(&outcomes[1]));
    assert_eq!(outcomes[2], Outcome::BookSlot(BookSlotOutcome::AlreadyBooked));
    assert_eq!(outcomes[3], Outcome::BookHold(BookHoldOutcome::AlreadyBooked));
    let later =
        one(store, scene::book_slot(&other, "b", 4, 1, scene::key(5, 0)), scene::at(9)).await;
    assert_eq!(later, Outcome::BookSlot(BookSlotOutcome::AlreadyBooked));

    let commands = [
        scene::cancel(1, scene::key(6, 0)),
        scene::book_hold(&other, 1, 5, 1, scene::key(7, 0)),
        scene::cancel(5, scene::key(8, 0)),
        scene::book_slot(&other, "b", 6, 1, scene::key(9, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(10)).await;
    assert!(is_booked(&outcomes[1]) && is_booked(&outcomes[3]), "{outcomes:?}");
    for (number, cancelled) in [(1, true), (5, true), (6, false)] {
        let booking = store.booking(scene::booking_id(number)).await.expect("the store answers");
        let status = booking.expect("the booking").status;
        assert_eq!(
            matches!(status, BookingStatus::Cancelled { .. }),
            cancelled,
            "booking {number}"
        );
    }
}

/// P5: a cancelled place is free again exactly once, whoever repeats the cancellation and how.
pub async fn a_cancelled_place_is_free_exactly_once(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    one(store, scene::book_slot(&pass, "a", 1, 1, scene::key(1, 0)), scene::at(0)).await;
    assert_eq!(places_left(store, "a", scene::at(0)).await, 0);
    let forged = Command::CancelBooking(CancelBooking {
        campaign: scene::slot("rehearsal"),
        booking: scene::booking_id(1),
        manage_token_hash: TokenHash([0; 32]),
        idempotency: scene::key(2, 0),
    });
    let outcomes = many(store, &[forged, scene::cancel(9, scene::key(3, 0))], scene::at(1)).await;
    assert_eq!(outcomes[0], Outcome::CancelBooking(CancelOutcome::TokenInvalid));
    assert_eq!(outcomes[1], Outcome::CancelBooking(CancelOutcome::BookingNotFound));

    let commands = [
        scene::cancel(1, scene::key(4, 0)),
        scene::cancel(1, scene::key(4, 0)),
        scene::cancel(1, scene::key(5, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(2)).await;
    let Outcome::CancelBooking(CancelOutcome::Cancelled(cancelled)) = &outcomes[0] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(cancelled.cancelled_at, scene::at(2));
    assert_eq!(outcomes[1], outcomes[0], "same key, same reply");
    assert_eq!(outcomes[2], Outcome::CancelBooking(CancelOutcome::AlreadyCancelled));
    assert_eq!(one(store, commands[0].clone(), scene::at(3)).await, outcomes[0]);
    assert_eq!(places_left(store, "a", scene::at(3)).await, 1);
    let stored = store.booking(scene::booking_id(1)).await.expect("the store answers");
    let stored = stored.expect("kept");
    assert_eq!(stored.status, BookingStatus::Cancelled { at: scene::at(2) });
    assert_eq!(*stored.registration, scene::registration(1, 1).erased(), "who it was is gone");
    let head = store.booking_head(scene::booking_id(1)).await.expect("the store answers");
    assert_eq!(head, Some(BookingHead::from(&stored)));
}

/// P4: a person who has a booking under the former key has it under the key of today.
pub async fn a_person_is_one_under_the_former_key(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    one(store, scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)), scene::at(0)).await;
    let mut renamed = Registration::clone(&scene::registration(2, 2));
    renamed.former_person_key = Some(scene::registration(1, 1).person_key);
    let again = match scene::book_slot(&pass, "c", 2, 2, scene::key(2, 0)) {
        Command::BookSlot(command) => {
            Command::BookSlot(BookSlot { registration: Arc::new(renamed), ..command })
        }
        other => other,
    };
    let refused = one(store, again, scene::at(1)).await;
    assert_eq!(refused, Outcome::BookSlot(BookSlotOutcome::AlreadyBooked));
}

/// Whoever may not book changes nothing: other campaign, other residence, unknown slot, expired pass.
pub async fn refusals_change_nothing(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let mut elsewhere = pass.clone();
    elsewhere.campaign = scene::slot("elsewhere");
    let mut stranger = pass.clone();
    stranger.ags = "07332025".parse().expect("a municipality key");
    let mut late = pass.clone();
    late.expires_at = scene::at(3);
    let commands = [
        scene::book_slot(&elsewhere, "c", 1, 1, scene::key(1, 0)),
        scene::book_slot(&stranger, "c", 2, 2, scene::key(2, 0)),
        scene::book_slot(&pass, "nowhere", 3, 3, scene::key(3, 0)),
        scene::book_slot(&late, "c", 4, 4, scene::key(4, 0)),
        scene::hold(&pass, "c", 0, 5, scene::key(5, 0)),
        scene::hold(&pass, "c", 5, 6, scene::key(6, 0)),
        scene::book_hold(&pass, 9, 7, 7, scene::key(7, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(3)).await;
    let expected = [
        Outcome::BookSlot(BookSlotOutcome::CampaignNotFound),
        Outcome::BookSlot(BookSlotOutcome::NotEligible),
        Outcome::BookSlot(BookSlotOutcome::SlotNotFound),
        Outcome::BookSlot(BookSlotOutcome::PassExpired),
        Outcome::Hold(HoldOutcome::SeatsOutOfRange { seats_max: 4 }),
        Outcome::Hold(HoldOutcome::SeatsOutOfRange { seats_max: 4 }),
        Outcome::BookHold(BookHoldOutcome::HoldNotFound),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(places_left(store, "c", scene::at(3)).await, 30);
    assert_eq!(many(store, &[], scene::at(3)).await, []);
}

/// P1: batches of several instances at the same time, more people than places: every place is
/// given away, none twice, and nobody is turned away while there is one.
pub async fn a_hot_slot_is_given_away_exactly_once(store: &dyn BookingStore) {
    apply(store).await;
    let batch = |instance: u32| {
        (0..20).map(move |place| {
            let number = instance * 100 + place;
            let pass = scene::grant(number, 1, scene::at(0));
            scene::book_slot(&pass, "c", number, number, scene::key(number, 0))
        })
    };
    let batches: [Vec<Command>; 4] = [1, 2, 3, 4].map(|instance| batch(instance).collect());
    let [first, second, third, fourth] = &batches;
    let outcomes = tokio::join!(
        many(store, first, scene::at(1)),
        many(store, second, scene::at(1)),
        many(store, third, scene::at(1)),
        many(store, fourth, scene::at(1)),
    );
    let outcomes = [outcomes.0, outcomes.1, outcomes.2, outcomes.3].concat();
    let booked = outcomes.iter().filter(|outcome| is_booked(outcome)).count();
    assert_eq!(booked, 30);
    let refused = Outcome::BookSlot(BookSlotOutcome::SlotFull);
    assert!(outcomes.iter().all(|outcome| is_booked(outcome) || *outcome == refused));
    assert_eq!(places_left(store, "c", scene::at(1)).await, 0);
}
