//! Cars: people who queued separately and come together.

use super::{apply, many, one, scene};
use crate::batch::{Command, Outcome};
use crate::booking::{BookSlotOutcome, Booking, TokenHash};
use crate::campaign::CampaignPlan;
use crate::campaign::apply::{ApplyCampaign, BookedSlots};
use crate::car::OpenCarOutcome;
use crate::hold::HoldOutcome;
use crate::pass::GUESSES_MAX;
use crate::store::BookingStore;

async fn stored(store: &dyn BookingStore, number: u32) -> Booking {
    let booking = store.booking(scene::booking_id(number)).await.expect("the store answers");
    booking.expect("the booking")
}

/// Person `number` books for themselves, under a pass of their own, at `second`.
fn alone(number: u32, slot: &str) -> Command {
    let pass = scene::grant(number, 1, scene::at(0));
    scene::book_slot(&pass, slot, number, number, scene::key(number, 0))
}

/// The same in car number 1.
fn along(number: u32, slot: &str) -> Command {
    scene::in_car(alone(number, slot), 1)
}

fn held(number: u32, slot: &str, seats: u8) -> Command {
    let pass = scene::grant(number, 4, scene::at(0));
    scene::in_car(scene::hold(&pass, slot, seats, number, scene::key(number, 0)), 1)
}

fn open(seats_left: u8) -> Outcome {
    Outcome::OpenCar(OpenCarOutcome::Open { car: scene::car_id(1), seats_left })
}

fn is_booked(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::BookSlot(BookSlotOutcome::Booked(_)))
}

const FULL: Outcome = Outcome::BookSlot(BookSlotOutcome::CarFull);

/// At most four, whether booked or held, in one batch or several. Opening it again tells how many may
/// still come.
pub async fn four_come_in_one_car(store: &dyn BookingStore) {
    apply(store).await;
    one(store, alone(1, "c"), scene::at(0)).await;
    let outcomes =
        many(store, &[scene::open_car(1, 1), along(2, "c"), along(2, "c")], scene::at(1)).await;
    assert_eq!(outcomes[0], open(3));
    assert!(is_booked(&outcomes[1]), "{outcomes:?}");
    assert_eq!(outcomes[2], outcomes[1], "a repeat takes no seat");
    assert_eq!(one(store, scene::open_car(1, 1), scene::at(2)).await, open(2));
    assert_eq!(stored(store, 2).await.car, Some(scene::car_id(1)));

    let outcomes = many(store, &[held(3, "c", 3), held(3, "c", 1)], scene::at(3)).await;
    assert_eq!(outcomes[0], Outcome::Hold(HoldOutcome::CarFull { seats_left: 2 }));
    assert!(matches!(outcomes[1], Outcome::Hold(HoldOutcome::Held(_))), "{outcomes:?}");
    let pass = scene::grant(3, 4, scene::at(0));
    let onto_it = scene::book_hold(&pass, 3, 3, 3, scene::key(30, 0));
    let commands =
        [scene::open_car(1, 1), onto_it, scene::open_car(2, 1), along(4, "c"), along(5, "c")];
    let outcomes = many(store, &commands, scene::at(4)).await;
    assert_eq!(
        (&outcomes[0], &outcomes[2]),
        (&open(1), &open(1)),
        "a held seat becomes a booked one"
    );
    assert_eq!(stored(store, 3).await.car, Some(scene::car_id(1)));
    assert!(is_booked(&outcomes[3]), "{outcomes:?}");
    assert_eq!(outcomes[4], FULL);
    assert_eq!(one(store, along(6, "c"), scene::at(5)).await, FULL);
    assert_eq!(one(store, scene::open_car(4, 1), scene::at(5)).await, open(0));
    assert!(
        is_booked(&one(store, alone(6, "c"), scene::at(6)).await),
        "by themselves they can come"
    );
}

/// A code is good for the slot in which the car comes, and for nothing in another campaign.
pub async fn a_car_comes_in_one_slot_of_one_campaign(store: &dyn BookingStore) {
    apply(store).await;
    let mut other = scene::campaign();
    other.id = scene::slot("elsewhere");
    let other = CampaignPlan::new(other).expect("a plan");
    store.apply_campaign(&other, scene::at(0)).await.expect("the store answers");
    let nobody = one(store, along(9, "c"), scene::at(0)).await;
    assert_eq!(nobody, Outcome::BookSlot(BookSlotOutcome::CarNotFound), "nobody is in it");
    many(store, &[alone(1, "c"), scene::open_car(1, 1)], scene::at(0)).await;

    let slot = scene::slot("c");
    let outcomes = many(store, &[along(2, "b"), held(3, "a", 1)], scene::at(1)).await;
    let elsewhere = Outcome::BookSlot(BookSlotOutcome::CarInOtherSlot { slot: slot.clone() });
    assert_eq!(outcomes[0], elsewhere);
    assert_eq!(outcomes[1], Outcome::Hold(HoldOutcome::CarInOtherSlot { slot }));

    let Command::BookSlot(mut abroad) = along(4, "c") else { return };
    abroad.pass.campaign = scene::slot("elsewhere");
    let outcome = one(store, Command::BookSlot(abroad), scene::at(1)).await;
    assert_eq!(outcome, Outcome::BookSlot(BookSlotOutcome::CarNotFound));

    let Command::OpenCar(mut forged) = scene::open_car(1, 1) else { return };
    forged.manage_token_hash = TokenHash([0; 32]);
    let commands = [Command::OpenCar(forged), scene::open_car(9, 1), scene::open_car(1, 2)];
    let outcomes = many(store, &commands, scene::at(2)).await;
    let expected =
        [OpenCarOutcome::TokenInvalid, OpenCarOutcome::BookingNotFound, OpenCarOutcome::Outdated];
    assert_eq!(outcomes, expected.map(Outcome::OpenCar), "it is in one car");
}

/// Whoever cancels, gives seats back or lets them expire makes room; when nobody is left, there is no car.
pub async fn who_gives_up_leaves_a_seat_in_the_car(store: &dyn BookingStore) {
    apply(store).await;
    let commands =
        [alone(1, "c"), scene::open_car(1, 1), along(2, "c"), along(3, "c"), held(4, "c", 1)];
    many(store, &commands, scene::at(0)).await;
    let pass = scene::grant(4, 4, scene::at(0));
    let commands = [
        along(5, "c"),
        scene::cancel(2, scene::key(20, 0)),
        along(5, "c"),
        along(6, "c"),
        scene::release(&pass, 4),
        along(6, "c"),
    ];
    let outcomes = many(store, &commands, scene::at(1)).await;
    assert_eq!((&outcomes[0], &outcomes[3]), (&FULL, &FULL));
    assert!(is_booked(&outcomes[2]) && is_booked(&outcomes[5]), "{outcomes:?}");

    many(store, &[scene::cancel(6, scene::key(21, 0)), held(7, "c", 1)], scene::at(2)).await;
    assert_eq!(one(store, along(8, "c"), scene::at(481)).await, FULL);
    let late = one(store, along(8, "c"), scene::at(482)).await;
    assert!(is_booked(&late), "the seat has expired: {late:?}");

    let all = [1, 3, 5, 8].map(|number| scene::cancel(number, scene::key(40 + number, 0)));
    many(store, &all, scene::at(483)).await;
    let gone = one(store, along(9, "c"), scene::at(484)).await;
    assert_eq!(gone, Outcome::BookSlot(BookSlotOutcome::CarNotFound));
    let cancelled = one(store, scene::open_car(1, 1), scene::at(485)).await;
    assert_eq!(cancelled, Outcome::OpenCar(OpenCarOutcome::AlreadyCancelled));
    assert_eq!(stored(store, 1).await.car, None);

    one(store, alone(10, "c"), scene::at(486)).await;
    let commands = [
        scene::open_car(10, 2),
        scene::in_car(alone(11, "c"), 2),
        scene::cancel(10, scene::key(61, 0)),
        scene::cancel(11, scene::key(62, 0)),
    ];
    many(store, &commands, scene::at(487)).await;
    for number in [10, 11] {
        assert_eq!(stored(store, number).await.car, None, "in one batch it is the same");
    }
}

/// The car comes without whoever takes another time, and the others stay in it.
pub async fn who_moves_leaves_the_car(store: &dyn BookingStore) {
    apply(store).await;
    many(store, &[alone(1, "c"), scene::open_car(1, 1), along(2, "c")], scene::at(0)).await;
    let stays = scene::move_booking(1, "c", scene::key(9, 0));
    one(store, stays, scene::at(1)).await;
    assert_eq!(stored(store, 1).await.car, Some(scene::car_id(1)), "it has not moved");
    one(store, scene::move_booking(1, "b", scene::key(10, 0)), scene::at(1)).await;
    assert_eq!(stored(store, 1).await.car, None);
    assert_eq!(stored(store, 2).await.car, Some(scene::car_id(1)));
    let commands = [
        scene::open_car(2, 1),
        along(3, "b"),
        scene::open_car(1, 1),
        scene::open_car(1, 2),
        scene::move_booking(2, "a", scene::key(11, 0)),
        scene::open_car(2, 3),
    ];
    let outcomes = many(store, &commands, scene::at(2)).await;
    assert_eq!(outcomes[0], open(3));
    let slot = scene::slot("c");
    assert_eq!(outcomes[1], Outcome::BookSlot(BookSlotOutcome::CarInOtherSlot { slot }));
    assert_eq!(outcomes[2], Outcome::OpenCar(OpenCarOutcome::Outdated), "others are in that one");
    for (outcome, car) in [(&outcomes[3], 2), (&outcomes[5], 3)] {
        let opened = OpenCarOutcome::Open { car: scene::car_id(car), seats_left: 3 };
        assert_eq!(*outcome, Outcome::OpenCar(opened));
    }
    let (first, second) = (stored(store, 1).await, stored(store, 2).await);
    assert_eq!((first.car, second.car), (Some(scene::car_id(2)), Some(scene::car_id(3))));
}

/// Once the slot has begun nobody is added, and who is erased then is in no car any more.
pub async fn a_car_that_has_come_takes_nobody_along(store: &dyn BookingStore) {
    apply(store).await;
    many(store, &[alone(1, "c"), scene::open_car(1, 1), along(2, "c")], scene::at(0)).await;
    let mut campaign = scene::campaign();
    (campaign.slots[2].starts_at, campaign.slots[2].ends_at) = (scene::at(60), scene::at(660));
    let plan = CampaignPlan::new(campaign).expect("a plan");
    let reschedule =
        ApplyCampaign { booked_slots: BookedSlots::MayMove, ..ApplyCampaign::of_operator(plan) };
    store.change_campaign(&reschedule, scene::at(2)).await.expect("the store answers");

    assert_eq!(one(store, scene::open_car(1, 1), scene::at(59)).await, open(2));
    let commands = [scene::open_car(1, 1), along(3, "c"), scene::erase(1, scene::key(10, 0))];
    let outcomes = many(store, &commands, scene::at(60)).await;
    assert_eq!(outcomes[0], Outcome::OpenCar(OpenCarOutcome::SlotBegun));
    assert_eq!(outcomes[1], Outcome::BookSlot(BookSlotOutcome::SlotFull), "{outcomes:?}");
    assert_eq!(stored(store, 1).await.car, None, "nothing says with whom they came");
    assert_eq!(stored(store, 2).await.car, Some(scene::car_id(1)));
}

/// A code that is gone or was never one costs no guess: whoever has it was given it, and its owner may have
/// cancelled.
pub async fn wrong_codes_of_cars_lock_nobody_out(store: &dyn BookingStore) {
    apply(store).await;
    let commands = [alone(1, "c"), scene::open_car(1, 1), scene::cancel(1, scene::key(9, 0))];
    many(store, &commands, scene::at(0)).await;
    let pass = scene::grant(2, 4, scene::at(0));
    for number in 10..=10 + u32::from(GUESSES_MAX) {
        let (booking, holding) = (scene::key(number, 0), scene::key(100 + number, 0));
        let commands = [
            scene::in_car(scene::book_slot(&pass, "c", number, number, booking), 1),
            scene::in_car(scene::hold(&pass, "c", 1, number, holding), 2),
        ];
        let outcomes = many(store, &commands, scene::at(1)).await;
        assert_eq!(outcomes[0], Outcome::BookSlot(BookSlotOutcome::CarNotFound), "{number}");
        assert_eq!(outcomes[1], Outcome::Hold(HoldOutcome::CarNotFound), "{number}");
    }
    let booked = scene::book_slot(&pass, "c", 30, 30, scene::key(30, 0));
    let booked = one(store, booked, scene::at(2)).await;
    assert!(is_booked(&booked), "{booked:?}");
}
