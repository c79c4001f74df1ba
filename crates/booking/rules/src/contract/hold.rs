//! Holds: seats for a few minutes, ended in exactly one way.

use super::{apply, many, one, places_left, scene};
use crate::batch::Outcome;
use crate::booking::{BookHoldOutcome, BookSlotOutcome};
use crate::hold::{HoldOutcome, HoldState, ReleaseOutcome, RenewOutcome};
use crate::store::BookingStore;

/// A hold takes its seats at once and gives them back when released, once.
pub async fn a_hold_keeps_and_returns_seats(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let held = one(store, scene::hold(&pass, "c", 3, 1, scene::key(1, 0)), scene::at(1)).await;
    let Outcome::Hold(HoldOutcome::Held(facts)) = held else { panic!("{held:?}") };
    assert_eq!((facts.seats, facts.seats_booked, facts.expires_at), (3, 0, scene::at(481)));
    assert!(facts.renewable);
    let place = scene::campaign();
    let place = place.slot(&facts.slot).expect("the slot");
    assert_eq!(
        (&facts.site, facts.starts_at, facts.ends_at),
        (&place.site, place.starts_at, place.ends_at)
    );
    assert_eq!(places_left(store, "c", scene::at(1)).await, 27);
    let stored = store.hold(scene::hold_id(1)).await.expect("the store answers").expect("the hold");
    assert_eq!((stored.state, stored.seats, stored.held_at), (HoldState::Active, 3, scene::at(1)));

    let stranger = scene::grant(2, 4, scene::at(0));
    let refused = one(store, scene::release(&stranger, 1), scene::at(2)).await;
    assert_eq!(refused, Outcome::ReleaseHold(ReleaseOutcome::HoldNotFound));
    for _ in 0..2 {
        let released = one(store, scene::release(&pass, 1), scene::at(2)).await;
        assert_eq!(released, Outcome::ReleaseHold(ReleaseOutcome::Released));
        assert_eq!(places_left(store, "c", scene::at(2)).await, 30);
    }
    assert_eq!(store.hold(scene::hold_id(9)).await.expect("the store answers"), None);
}

/// When its time has run out the seats of a hold are free for everybody and for its own pass, with
/// no sweep in between, and the hold cannot be used any more.
pub async fn an_overdue_hold_is_free_without_anybody_doing_anything(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 2, scene::at(0));
    one(store, scene::hold(&pass, "b", 2, 1, scene::key(1, 0)), scene::at(0)).await;
    let other = scene::grant(2, 2, scene::at(400));
    let early = one(store, scene::hold(&other, "b", 1, 2, scene::key(2, 0)), scene::at(479)).await;
    assert_eq!(early, Outcome::Hold(HoldOutcome::SlotFull { places_left: 0 }));
    assert_eq!(places_left(store, "b", scene::at(479)).await, 0);

    assert_eq!(places_left(store, "b", scene::at(480)).await, 2);
    // The pass has its seats back although it asks for another slot.
    let again = one(store, scene::hold(&pass, "c", 2, 3, scene::key(3, 0)), scene::at(480)).await;
    assert!(matches!(again, Outcome::Hold(HoldOutcome::Held(_))), "{again:?}");
    let commands = [
        scene::book_hold(&pass, 1, 1, 1, scene::key(4, 0)),
        scene::renew(&pass, 1, scene::key(5, 0)),
        scene::book_slot(&other, "b", 2, 2, scene::key(6, 0)),
        scene::book_slot(&other, "b", 3, 3, scene::key(7, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(481)).await;
    assert_eq!(outcomes[0], Outcome::BookHold(BookHoldOutcome::HoldEnded));
    assert_eq!(outcomes[1], Outcome::RenewHold(RenewOutcome::HoldEnded));
    assert!(
        matches!(outcomes[2], Outcome::BookSlot(BookSlotOutcome::Booked(_))),
        "{:?}",
        outcomes[2]
    );
    assert!(
        matches!(outcomes[3], Outcome::BookSlot(BookSlotOutcome::Booked(_))),
        "{:?}",
        outcomes[3]
    );
    assert_eq!(places_left(store, "b", scene::at(481)).await, 0);
}

/// A renewal starts the time again, never beyond the end of the pass, and only so often.
pub async fn a_hold_is_renewed_as_often_as_allowed(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 2, scene::at(0));
    one(store, scene::hold(&pass, "b", 1, 1, scene::key(1, 0)), scene::at(0)).await;
    let renew = scene::renew(&pass, 1, scene::key(2, 0));
    let renewed = one(store, renew.clone(), scene::at(470)).await;
    let Outcome::RenewHold(RenewOutcome::Renewed(facts)) = &renewed else { panic!("{renewed:?}") };
    // 470 + 480 would be later than the end of the pass.
    assert_eq!((facts.renewals, facts.expires_at, facts.renewable), (1, scene::at(900), false));
    assert_eq!(one(store, renew, scene::at(480)).await, renewed, "the same reply to a repeat");
    assert_eq!(places_left(store, "b", scene::at(899)).await, 1);
    let again = one(store, scene::renew(&pass, 1, scene::key(3, 0)), scene::at(500)).await;
    assert_eq!(again, Outcome::RenewHold(RenewOutcome::NotRenewable));
    let unknown = one(store, scene::renew(&pass, 9, scene::key(4, 0)), scene::at(500)).await;
    assert_eq!(unknown, Outcome::RenewHold(RenewOutcome::HoldNotFound));
}

/// P7: fully registered, a hold is booked and stays so; partly registered, its other seats are
/// released and the bookings stay.
pub async fn a_hold_ends_in_exactly_one_way(store: &dyn BookingStore) {
    apply(store).await;
    let (full, partial) = (scene::grant(1, 2, scene::at(0)), scene::grant(2, 4, scene::at(0)));
    let commands = [
        scene::hold(&full, "c", 2, 1, scene::key(1, 0)),
        scene::hold(&partial, "c", 3, 2, scene::key(2, 0)),
        scene::book_hold(&full, 1, 1, 1, scene::key(3, 0)),
        scene::book_hold(&full, 1, 2, 2, scene::key(4, 0)),
        scene::book_hold(&full, 1, 3, 3, scene::key(5, 0)),
        scene::book_hold(&partial, 2, 4, 4, scene::key(6, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(0)).await;
    let used_up = |outcome: &Outcome| match outcome {
        Outcome::BookHold(BookHoldOutcome::Booked(booked)) => booked.pass_used_up,
        other => panic!("not booked: {other:?}"),
    };
    assert!(!used_up(&outcomes[2]) && used_up(&outcomes[3]) && !used_up(&outcomes[5]));
    assert_eq!(outcomes[4], Outcome::BookHold(BookHoldOutcome::HoldEnded));
    assert_eq!(places_left(store, "c", scene::at(0)).await, 25);

    let commands = [scene::release(&full, 1), scene::sweep(10)];
    let outcomes = many(store, &commands, scene::at(600)).await;
    assert_eq!(outcomes[0], Outcome::ReleaseHold(ReleaseOutcome::HoldBooked));
    let state = async |number| {
        let hold = store.hold(scene::hold_id(number)).await.expect("the store answers");
        hold.map(|hold| (hold.state, hold.seats, hold.seats_booked))
    };
    assert_eq!(state(1).await, Some((HoldState::Booked, 2, 2)));
    assert_eq!(state(2).await, Some((HoldState::Released, 3, 1)));
    assert_eq!(places_left(store, "c", scene::at(600)).await, 27);
    let late =
        one(store, scene::book_hold(&partial, 2, 5, 5, scene::key(7, 0)), scene::at(601)).await;
    assert_eq!(late, Outcome::BookHold(BookHoldOutcome::HoldEnded));
}

/// Held and booked seats of a pass together never exceed its seats; released ones return to it,
/// cancelled ones do not.
pub async fn a_pass_pays_for_its_seats_and_no_more(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 3, scene::at(0));
    let now = scene::at(5);
    one(store, scene::hold(&pass, "c", 2, 1, scene::key(1, 0)), now).await;
    let refused = one(store, scene::hold(&pass, "c", 2, 2, scene::key(2, 0)), now).await;
    assert_eq!(refused, Outcome::Hold(HoldOutcome::PassExhausted { seats_left: 1 }));
    one(store, scene::book_hold(&pass, 1, 1, 1, scene::key(3, 0)), now).await;
    one(store, scene::release(&pass, 1), now).await;
    one(store, scene::cancel(1, scene::key(4, 0)), now).await;
    // One released, and one booked and cancelled: both have come back.
    let refused = one(store, scene::hold(&pass, "c", 4, 3, scene::key(5, 0)), now).await;
    assert_eq!(refused, Outcome::Hold(HoldOutcome::PassExhausted { seats_left: 3 }));
    for number in 2..=4 {
        let booked = scene::book_slot(&pass, "c", number, number, scene::key(10 + number, 0));
        let booked = one(store, booked, now).await;
        assert!(matches!(booked, Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{booked:?}");
    }
    let refused = one(store, scene::book_slot(&pass, "c", 5, 5, scene::key(20, 0)), now).await;
    assert_eq!(refused, Outcome::BookSlot(BookSlotOutcome::PassExhausted));
}

/// A sweep releases the longest overdue holds, no more than asked.
pub async fn a_sweep_is_bounded(store: &dyn BookingStore) {
    apply(store).await;
    for number in 1..=3 {
        let pass = scene::grant(number, 1, scene::at(0));
        let hold = scene::hold(&pass, "c", 1, number, scene::key(number, 0));
        one(store, hold, scene::at(u64::from(number))).await;
    }
    one(store, scene::sweep(2), scene::at(1_000)).await;
    let mut states = Vec::new();
    for number in 1..=3 {
        let hold = store.hold(scene::hold_id(number)).await.expect("the store answers");
        states.push(hold.expect("the hold").state);
    }
    assert_eq!(states, [HoldState::Released, HoldState::Released, HoldState::Active]);
    assert_eq!(places_left(store, "c", scene::at(1_000)).await, 30);
}
