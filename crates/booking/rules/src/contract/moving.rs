//! Bookings that move to another slot (P6).

use super::{apply, many, one, places_left, scene};
use crate::batch::{Command, Outcome};
use crate::booking::{
    BookSlotOutcome, Booking, BookingStatus, CancelOutcome, MoveBooking, MoveOutcome, Moved,
    TokenHash,
};
use crate::campaign::CampaignPlan;
use crate::campaign::apply::{ApplyCampaign, BookedSlots};
use crate::hold::HoldOutcome;
use crate::store::BookingStore;

/// Booking `number` is in the slot of this name.
fn moved(number: u32, name: &str) -> Outcome {
    let campaign = scene::campaign();
    let slot = campaign.slot(&scene::slot(name)).expect("a slot of the scene");
    Outcome::MoveBooking(MoveOutcome::Moved(Moved {
        booking: scene::booking_id(number),
        slot: slot.id.clone(),
        site: slot.site.clone(),
        starts_at: slot.starts_at,
        ends_at: slot.ends_at,
    }))
}

fn refused(outcome: MoveOutcome) -> Outcome {
    Outcome::MoveBooking(outcome)
}

async fn stored(store: &dyn BookingStore, number: u32) -> Booking {
    let booking = store.booking(scene::booking_id(number)).await.expect("the store answers");
    booking.expect("the booking")
}

async fn all_places_left(store: &dyn BookingStore, second: u64) -> [u32; 3] {
    let now = scene::at(second);
    [
        places_left(store, "a", now).await,
        places_left(store, "b", now).await,
        places_left(store, "c", now).await,
    ]
}

/// P6: the whole campaign is given away but for the place that the booking moves to; the place it
/// leaves is free for somebody else at once, and for one only.
pub async fn a_booking_moves_into_the_last_place(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 2, scene::at(0));
    let mut commands = vec![
        scene::book_slot(&pass, "a", 1, 1, scene::key(1, 0)),
        scene::book_slot(&pass, "b", 2, 2, scene::key(2, 0)),
    ];
    commands.extend((0..10).map(|number| {
        let pass = scene::grant(10 + number, 3, scene::at(0));
        scene::hold(&pass, "c", 3, number, scene::key(10 + number, 0))
    }));
    many(store, &commands, scene::at(0)).await;
    assert_eq!(all_places_left(store, 0).await, [0, 1, 0]);
    let before = stored(store, 1).await;

    let move_it = scene::move_booking(1, "b", scene::key(3, 0));
    assert_eq!(one(store, move_it, scene::at(1)).await, moved(1, "b"));
    assert_eq!(all_places_left(store, 1).await, [1, 0, 0]);
    let after = Booking { slot: scene::slot("b"), sequence: 1, ..before };
    assert_eq!(stored(store, 1).await, after, "all else is as it was");

    let others = [1, 2].map(|number| {
        let pass = scene::grant(30 + number, 1, scene::at(0));
        scene::book_slot(&pass, "a", 30 + number, 30 + number, scene::key(30 + number, 0))
    });
    let outcomes = many(store, &others, scene::at(2)).await;
    assert!(matches!(outcomes[0], Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{outcomes:?}");
    assert_eq!(outcomes[1], Outcome::BookSlot(BookSlotOutcome::SlotFull));
    let back = one(store, scene::move_booking(1, "a", scene::key(4, 0)), scene::at(2)).await;
    assert_eq!(back, refused(MoveOutcome::SlotFull));
    assert_eq!(all_places_left(store, 2).await, [0, 0, 0]);
}

/// P3, P5: one key moves once, whatever was done since, and the place left is free exactly once.
/// Moving to the slot it is in changes nothing and is no refusal.
pub async fn a_moved_booking_is_moved_once(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    one(store, scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)), scene::at(0)).await;
    let stay = scene::move_booking(1, "c", scene::key(2, 0));
    assert_eq!(one(store, stay.clone(), scene::at(1)).await, moved(1, "c"));
    assert_eq!(all_places_left(store, 1).await, [1, 2, 29]);

    let to_b = scene::move_booking(1, "b", scene::key(3, 0));
    let commands =
        [to_b.clone(), to_b.clone(), stay, scene::move_booking(1, "a", scene::key(3, 9))];
    let outcomes = many(store, &commands, scene::at(2)).await;
    let expected = [moved(1, "b"), moved(1, "b"), moved(1, "c"), refused(MoveOutcome::KeyReused)];
    assert_eq!(outcomes, expected, "repeats are answered as before and do nothing");
    assert_eq!(all_places_left(store, 2).await, [1, 1, 30]);
    one(store, scene::move_booking(1, "a", scene::key(4, 0)), scene::at(3)).await;
    assert_eq!(one(store, to_b, scene::at(4)).await, moved(1, "b"));
    assert_eq!(stored(store, 1).await.slot, scene::slot("a"));
    assert_eq!(all_places_left(store, 4).await, [0, 2, 30]);

    let cancel = one(store, scene::cancel(1, scene::key(5, 0)), scene::at(5)).await;
    assert!(matches!(cancel, Outcome::CancelBooking(CancelOutcome::Cancelled(_))), "{cancel:?}");
    assert_eq!(all_places_left(store, 5).await, [1, 2, 30]);
}

/// A booking moves only by its own token, while it has its place, and into a place that anybody could
/// book now.
pub async fn a_booking_is_moved_only_where_a_place_can_be_booked(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let commands = [
        scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)),
        scene::book_slot(&pass, "a", 2, 2, scene::key(2, 0)),
        scene::book_slot(&pass, "c", 3, 3, scene::key(3, 0)),
        scene::cancel(3, scene::key(4, 0)),
    ];
    many(store, &commands, scene::at(0)).await;
    let forged = Command::MoveBooking(MoveBooking {
        campaign: scene::slot("rehearsal"),
        booking: scene::booking_id(1),
        slot: scene::slot("b"),
        manage_token_hash: TokenHash([0; 32]),
        idempotency: scene::key(5, 0),
    });
    let commands = [
        forged,
        scene::move_booking(9, "b", scene::key(6, 0)),
        scene::move_booking(3, "b", scene::key(7, 0)),
        scene::move_booking(1, "nowhere", scene::key(8, 0)),
        scene::move_booking(1, "a", scene::key(9, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(1)).await;
    let expected = [
        MoveOutcome::TokenInvalid,
        MoveOutcome::BookingNotFound,
        MoveOutcome::AlreadyCancelled,
        MoveOutcome::SlotNotFound,
        MoveOutcome::SlotFull,
    ];
    assert_eq!(outcomes, expected.map(refused));

    let mut campaign = scene::campaign();
    campaign.slots[1].closed = true;
    // Slot c has begun when b and a are still to come.
    (campaign.slots[2].starts_at, campaign.slots[2].ends_at) = (scene::at(60), scene::at(660));
    let plan = CampaignPlan::new(campaign).expect("a plan");
    let reschedule =
        ApplyCampaign { booked_slots: BookedSlots::MayMove, ..ApplyCampaign::of_operator(plan) };
    store.change_campaign(&reschedule, scene::at(2)).await.expect("the store answers");
    let commands = [
        scene::move_booking(1, "b", scene::key(10, 0)),
        scene::move_booking(2, "c", scene::key(11, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(3)).await;
    assert_eq!(outcomes, [MoveOutcome::SlotFull, MoveOutcome::SlotFull].map(refused));
    let late = one(store, scene::move_booking(1, "a", scene::key(12, 0)), scene::at(60)).await;
    assert_eq!(late, refused(MoveOutcome::SlotBegun));
    let after_the_end = scene::move_booking(2, "b", scene::key(13, 0));
    let closed = one(store, after_the_end, scene::at(86_400)).await;
    assert_eq!(closed, refused(MoveOutcome::CampaignClosed));
    for (number, slot) in [(1, "c"), (2, "a"), (3, "c")] {
        assert_eq!(stored(store, number).await.slot, scene::slot(slot), "booking {number}");
    }
}

/// A batch is the same as its commands one by one, also where they are about one booking.
pub async fn a_booking_of_the_same_batch_can_be_moved(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    one(store, scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)), scene::at(0)).await;
    let commands = [
        scene::book_slot(&pass, "c", 2, 2, scene::key(2, 0)),
        scene::move_booking(2, "a", scene::key(3, 0)),
        scene::move_booking(1, "a", scene::key(4, 0)),
        scene::move_booking(2, "b", scene::key(5, 0)),
        scene::move_booking(1, "a", scene::key(6, 0)),
        scene::cancel(1, scene::key(7, 0)),
        scene::hold(&pass, "a", 1, 1, scene::key(8, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(1)).await;
    assert_eq!(
        outcomes[1..=4],
        [moved(2, "a"), refused(MoveOutcome::SlotFull), moved(2, "b"), moved(1, "a"),]
    );
    assert!(matches!(outcomes[6], Outcome::Hold(HoldOutcome::Held(_))), "{outcomes:?}");
    assert_eq!(all_places_left(store, 1).await, [0, 1, 30]);
    let (first, second) = (stored(store, 1).await, stored(store, 2).await);
    assert_eq!((first.slot, second.slot), (scene::slot("a"), scene::slot("b")));
    assert_eq!(first.status, BookingStatus::Cancelled { at: scene::at(1) });
    assert_eq!(second.status, BookingStatus::Confirmed);
}
