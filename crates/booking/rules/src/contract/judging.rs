//! What is judged when somebody books, and what an answer may cost.

use super::{apply, many, one, places_left, scene};
use crate::batch::Outcome;
use crate::booking::{BookHoldOutcome, BookSlotOutcome};
use crate::campaign::{Campaign, CampaignPlan};
use crate::hold::HoldOutcome;
use crate::pass::GUESSES_MAX;
use crate::store::BookingStore;

async fn apply_with(store: &dyn BookingStore, seconds: u64, edit: impl FnOnce(&mut Campaign)) {
    let mut campaign = scene::campaign();
    edit(&mut campaign);
    let plan = CampaignPlan::new(campaign).expect("a plan");
    store.apply_campaign(&plan, scene::at(seconds)).await.expect("the store answers");
}

/// A slot that starts within the lead time (10 minutes in the scene) takes nobody new and has no places left;
/// whoever holds seats in it may still book them.
pub async fn a_slot_about_to_start_takes_nobody_new(store: &dyn BookingStore) {
    apply_with(store, 0, |campaign| {
        (campaign.slots[0].starts_at, campaign.slots[0].ends_at) =
            (scene::at(900), scene::at(1_500));
        campaign.slots[0].allotments = vec![3, 0];
    })
    .await;
    let pass = scene::grant(1, 4, scene::at(0));
    let held = one(store, scene::hold(&pass, "a", 1, 1, scene::key(1, 0)), scene::at(299)).await;
    assert!(matches!(held, Outcome::Hold(HoldOutcome::Held(_))), "{held:?}");
    assert_eq!(places_left(store, "a", scene::at(299)).await, 2);
    assert_eq!(places_left(store, "a", scene::at(300)).await, 0);
    let commands = [
        scene::book_slot(&pass, "a", 1, 1, scene::key(2, 0)),
        scene::hold(&pass, "a", 1, 2, scene::key(3, 0)),
        scene::book_hold(&pass, 1, 2, 2, scene::key(4, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(300)).await;
    assert_eq!(outcomes[0], Outcome::BookSlot(BookSlotOutcome::SlotFull));
    assert_eq!(outcomes[1], Outcome::Hold(HoldOutcome::SlotFull { places_left: 0 }));
    assert!(matches!(outcomes[2], Outcome::BookHold(BookHoldOutcome::Booked(_))), "{outcomes:?}");
}

/// P4: whether a person is booked is told only to a pass that would pay for a wrong guess with a seat of a
/// place that is there.
pub async fn who_is_booked_is_not_told_for_nothing(store: &dyn BookingStore) {
    apply(store).await;
    let [first, used_up, other] = [1, 2, 3].map(|number| scene::grant(number, 1, scene::at(0)));
    let commands = [
        scene::book_slot(&first, "c", 1, 1, scene::key(1, 0)),
        scene::book_slot(&used_up, "a", 2, 2, scene::key(2, 0)),
        scene::book_slot(&used_up, "c", 3, 1, scene::key(3, 0)),
        scene::book_slot(&other, "a", 4, 1, scene::key(4, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(0)).await;
    assert_eq!(outcomes[2], Outcome::BookSlot(BookSlotOutcome::PassExhausted));
    assert_eq!(outcomes[3], Outcome::BookSlot(BookSlotOutcome::SlotFull));
}

/// P4: even then a pass learns only of so many; after that it is told nothing about anybody.
pub async fn a_pass_learns_of_few_who_are_booked(store: &dyn BookingStore) {
    apply(store).await;
    let [owner, curious] = [1, 2].map(|number| scene::grant(number, 4, scene::at(0)));
    one(store, scene::book_slot(&owner, "c", 1, 1, scene::key(1, 0)), scene::at(0)).await;
    one(store, scene::hold(&curious, "c", 2, 1, scene::key(2, 0)), scene::at(0)).await;
    for attempt in 0..u32::from(GUESSES_MAX) {
        let number = 10 + attempt;
        let (guess, told) = if attempt % 2 == 0 {
            let guess = scene::book_slot(&curious, "c", number, 1, scene::key(number, 0));
            (guess, Outcome::BookSlot(BookSlotOutcome::AlreadyBooked))
        } else {
            let guess = scene::book_hold(&curious, 1, number, 1, scene::key(number, 0));
            (guess, Outcome::BookHold(BookHoldOutcome::AlreadyBooked))
        };
        assert_eq!(one(store, guess, scene::at(1)).await, told);
    }
    // Persons 1 and 2, one booked and one not, get the same answer.
    let commands = [1, 2].map(|person| {
        [
            scene::book_slot(&curious, "c", 30 + person, person, scene::key(30 + person, 0)),
            scene::book_hold(&curious, 1, 40 + person, person, scene::key(40 + person, 0)),
        ]
    });
    for commands in commands {
        let outcomes = many(store, &commands, scene::at(2)).await;
        assert_eq!(outcomes[0], Outcome::BookSlot(BookSlotOutcome::RefusedTooOften));
        assert_eq!(outcomes[1], Outcome::BookHold(BookHoldOutcome::RefusedTooOften));
    }
}

/// What was right when the seats were held is judged again when they are booked.
pub async fn a_hold_is_judged_anew(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    one(store, scene::hold(&pass, "c", 2, 1, scene::key(1, 0)), scene::at(0)).await;
    let book = |number, second| {
        one(
            store,
            scene::book_hold(&pass, 1, number, number, scene::key(50 + number, 0)),
            scene::at(second),
        )
    };
    apply_with(store, 1, |campaign| {
        let rows = campaign.residence.rows().iter().cloned();
        let rows = rows.map(|row| kernel::Municipality { eligible: row.name != "Speyer", ..row });
        campaign.residence = kernel::ResidenceTable::new(rows.collect());
    })
    .await;
    assert_eq!(book(1, 2).await, Outcome::BookHold(BookHoldOutcome::NotEligible));
    apply_with(store, 3, |campaign| campaign.closes_at = scene::at(60)).await;
    let booked = book(2, 59).await;
    assert!(matches!(booked, Outcome::BookHold(BookHoldOutcome::Booked(_))), "{booked:?}");
    assert_eq!(book(3, 60).await, Outcome::BookHold(BookHoldOutcome::CampaignClosed));
}
