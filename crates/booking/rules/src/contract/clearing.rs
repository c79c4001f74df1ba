//! Closed slots that are cleared on purpose.

use pass::PassId;

use super::{apply, many, one, places_left, scene};
use crate::batch::{Command, Outcome};
use crate::booking::{BookSlotOutcome, BookingStatus, ClearPlace, ClearPlaceOutcome, TakenBy};
use crate::campaign::apply::Intent;
use crate::campaign::clear::{
    BookingFate, ClearRefusal, ClearSlots, Cleared, ClearedCount, WhichSlots,
};
use crate::campaign::{CampaignPlan, SlotKey};
use crate::hold::{HoldOutcome, HoldState};
use crate::pass::PassGrant;
use crate::service::clear_in_pages;
use crate::store::{BookingStore, SlotUse};

fn clearing(slot: &str, fate: BookingFate) -> ClearSlots {
    ClearSlots {
        campaign: scene::slot("rehearsal"),
        which: WhichSlots::Slot(scene::slot(slot)),
        fate,
        intent: Intent::Apply,
    }
}

/// Clears in pages of two.
async fn clear(store: &dyn BookingStore, request: &ClearSlots, second: u64) -> Cleared {
    let now = async || Ok(scene::at(second));
    clear_in_pages(store, request, 2, now).await.expect("the store answers")
}

fn done(bookings: u64, holds: u64, left: u64) -> Cleared {
    Cleared::Done(ClearedCount { bookings, holds, left })
}

/// Closes the slots of these places in the scene, and no other.
async fn close(store: &dyn BookingStore, second: u64, slots: &[usize]) {
    let mut campaign = scene::campaign();
    for place in slots {
        campaign.slots[*place].closed = true;
    }
    let plan = CampaignPlan::new(campaign).expect("a plan");
    store.apply_campaign(&plan, scene::at(second)).await.expect("the store answers");
}

/// Bookings 1 to 5 are in slot c, made in this order, and three more seats of it are held: two of hold 1, on which
/// booking 5 was made, and one of hold 2.
async fn occupy(store: &dyn BookingStore) {
    apply(store).await;
    let [pass, holding] = [1, 2].map(|number| scene::grant(number, 4, scene::at(0)));
    let mut commands: Vec<Command> = (1..=4)
        .map(|number| scene::book_slot(&pass, "c", number, number, scene::key(number, 0)))
        .collect();
    commands.extend([
        scene::hold(&holding, "c", 3, 1, scene::key(5, 0)),
        scene::book_hold(&holding, 1, 5, 5, scene::key(6, 0)),
        scene::hold(&holding, "c", 1, 2, scene::key(7, 0)),
    ]);
    many(store, &commands, scene::at(0)).await;
}

async fn slots_of_bookings(store: &dyn BookingStore) -> String {
    let mut slots = String::new();
    for number in 1..=5 {
        let booking = store.booking(scene::booking_id(number)).await.expect("the store answers");
        let booking = booking.expect("the booking");
        match booking.status {
            BookingStatus::Confirmed => slots.push_str(booking.slot.as_str()),
            BookingStatus::Cancelled { .. } => {
                assert_eq!(booking.registration.person, None, "who it was is gone");
                slots.push('-');
            }
        }
    }
    slots
}

/// Every booking of the slot is cancelled and every hold of it ended: places and seats are free. Clearing it again, as
/// after a crash, finds nothing to do.
pub async fn a_closed_slot_is_cleared(store: &dyn BookingStore) {
    occupy(store).await;
    close(store, 1, &[2]).await;
    let cancel = clearing("c", BookingFate::Cancel);
    let preview = ClearSlots { intent: Intent::Preview, ..cancel.clone() };
    assert_eq!(clear(store, &preview, 2).await, done(5, 2, 0));
    assert_eq!(slots_of_bookings(store).await, "ccccc", "a preview changes nothing");

    // As far as it came before it crashed.
    let by_hand = ClearPlace {
        campaign: scene::slot("rehearsal"),
        slot: scene::slot("c"),
        taken_by: TakenBy::Booking(scene::booking_id(3)),
        move_to: None,
    };
    for expected in [ClearPlaceOutcome::Cancelled, ClearPlaceOutcome::Gone] {
        let outcome = one(store, by_hand.clone().into(), scene::at(2)).await;
        assert_eq!(outcome, Outcome::ClearPlace(expected));
    }
    assert_eq!(clear(store, &cancel, 3).await, done(4, 2, 0));
    assert_eq!(clear(store, &cancel, 3).await, done(0, 0, 0));
    assert_eq!(clear(store, &preview, 3).await, done(0, 0, 0));
    assert_eq!(slots_of_bookings(store).await, "-----");
    for hold in [1, 2] {
        let hold = store.hold(scene::hold_id(hold)).await.expect("the store answers");
        assert_eq!(hold.expect("the hold").state, HoldState::Released);
    }
    close(store, 4, &[]).await;
    assert_eq!(places_left(store, "c", scene::at(4)).await, 30);
    // The seats of the holds are the pass's again; the persons may book.
    let holding = scene::grant(2, 4, scene::at(0));
    let commands = [
        scene::hold(&holding, "c", 3, 3, scene::key(10, 0)),
        scene::book_slot(&holding, "c", 6, 1, scene::key(11, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(5)).await;
    assert!(matches!(outcomes[0], Outcome::Hold(HoldOutcome::Held(_))), "{outcomes:?}");
    assert!(matches!(outcomes[1], Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{outcomes:?}");
}

/// Bookings are moved as far as there are places, in the order in which they were made, also when booking has ended.
/// Who could not be moved keeps the place, and is told of as left.
pub async fn people_are_moved_as_far_as_there_are_places(store: &dyn BookingStore) {
    occupy(store).await;
    close(store, 1, &[2]).await;
    let to = |slot: &str| clearing("c", BookingFate::MoveTo(scene::slot(slot)));
    let preview = ClearSlots { intent: Intent::Preview, ..to("b") };
    assert_eq!(clear(store, &preview, 2).await, done(2, 2, 3));
    assert_eq!(clear(store, &to("b"), 2).await, done(2, 2, 3));
    assert_eq!(slots_of_bookings(store).await, "bbccc");
    assert_eq!(places_left(store, "b", scene::at(2)).await, 0);
    assert_eq!(clear(store, &to("b"), 3).await, done(0, 0, 3), "it is full");

    let closed_for_all = scene::at(86_400);
    assert_eq!(places_left(store, "a", closed_for_all).await, 0);
    assert_eq!(clear(store, &to("a"), 86_400).await, done(3, 0, 0));
    assert_eq!(slots_of_bookings(store).await, "bbaaa");
    let key = SlotKey { campaign: scene::slot("rehearsal"), slot: scene::slot("c") };
    assert_eq!(store.slot_use(&key, 10).await.expect("the store answers"), SlotUse::default());
}

/// What is open is not cleared, and nobody is moved where nothing is or everything is closed.
pub async fn an_open_slot_is_not_cleared(store: &dyn BookingStore) {
    occupy(store).await;
    let refused = |refusal| Cleared::Refused(refusal);
    let cancel = clearing("c", BookingFate::Cancel);
    let c = scene::slot("c");
    assert_eq!(clear(store, &cancel, 1).await, refused(ClearRefusal::NotClosed(c.clone())));
    let by_hand = ClearPlace {
        campaign: scene::slot("rehearsal"),
        slot: c.clone(),
        taken_by: TakenBy::Booking(scene::booking_id(3)),
        move_to: None,
    };
    let outcome = one(store, by_hand.into(), scene::at(1)).await;
    assert_eq!(outcome, Outcome::ClearPlace(ClearPlaceOutcome::NotClosed));

    let of_site =
        |site: &str| ClearSlots { which: WhichSlots::OfSite(scene::slot(site)), ..cancel.clone() };
    close(store, 2, &[2]).await;
    let cases = [
        (of_site("north"), ClearRefusal::NotClosed(scene::slot("a"))),
        (of_site("west"), ClearRefusal::SiteNotFound(scene::slot("west"))),
        (clearing("x", BookingFate::Cancel), ClearRefusal::SlotNotFound(scene::slot("x"))),
        (
            clearing("c", BookingFate::MoveTo(scene::slot("x"))),
            ClearRefusal::SlotNotFound(scene::slot("x")),
        ),
        (clearing("c", BookingFate::MoveTo(c.clone())), ClearRefusal::TargetClosed(c.clone())),
        (
            ClearSlots { campaign: scene::slot("x"), ..cancel.clone() },
            ClearRefusal::CampaignNotFound(scene::slot("x")),
        ),
    ];
    for (request, refusal) in cases {
        assert_eq!(clear(store, &request, 3).await, refused(refusal));
    }
    assert_eq!(slots_of_bookings(store).await, "ccccc");

    let pass = scene::grant(1, 4, scene::at(0));
    let pass = PassGrant { pass_id: PassId::from_bytes([9; 16]), ..pass };
    one(store, scene::book_slot(&pass, "a", 6, 6, scene::key(20, 0)), scene::at(3)).await;
    close(store, 4, &[0, 2]).await;
    assert_eq!(clear(store, &of_site("north"), 5).await, done(6, 2, 0), "a and c");
    assert_eq!(places_left(store, "b", scene::at(5)).await, 2);
}
