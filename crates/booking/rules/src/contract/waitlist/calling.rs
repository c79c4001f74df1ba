//! When people are called.

use super::super::one;
use super::super::scene::{self, waitlist};
use super::{
    apply, availability, call_up, called, cancel, counts, join, offered, sell_out, standing,
};
use crate::batch::Outcome;
use crate::store::BookingStore;
use crate::waitlist::{CallUpOutcome, QuietHours, Waitlist, WhyNobodyIsCalled};

/// In quiet hours places are kept and nobody is called; the day has its reasons too.
pub async fn nobody_is_called_at_night(store: &dyn BookingStore) {
    let hours = |from: &str, to: &str| QuietHours {
        from: from.parse().expect("a time"),
        to: to.parse().expect("a time"),
    };
    // The scene begins at 08:00.
    let quiet = Some(hours("07:00", "08:30"));
    apply(store, Waitlist { quiet, ..waitlist::rules(5) }).await;
    sell_out(store).await;
    let why = async |offer, now| call_up(store, offer, now).await.why_nobody;
    assert_eq!(why(10, scene::at(1)).await, Some(WhyNobodyIsCalled::NobodyWaits));
    join(store, 1..2).await;
    cancel(store, &[103], scene::at(2)).await;
    assert_eq!(why(20, scene::at(3)).await, Some(WhyNobodyIsCalled::QuietHours));
    assert_eq!(counts(store, scene::at(3)).await, (1, 0, 1), "the place is kept for the morning");
    assert_eq!(why(30, scene::at(1_799)).await, Some(WhyNobodyIsCalled::QuietHours));
    assert_eq!(why(40, scene::at(1_800)).await, None);
    assert_eq!(offered(store, 1..2).await, [(1, "b".to_owned())]);
    assert_eq!(why(50, scene::at(1_801)).await, Some(WhyNobodyIsCalled::AllOffered));
}

/// The operator calls the next for a slot, also at night, for as long as they say, and no more than there
/// are places for.
pub async fn the_operator_calls_for_a_slot(store: &dyn BookingStore) {
    let quiet =
        QuietHours { from: "07:00".parse().expect("a time"), to: "09:00".parse().expect("a time") };
    apply(store, Waitlist { quiet: Some(quiet), ..waitlist::rules(9) }).await;
    sell_out(store).await;
    join(store, 1..9).await;
    cancel(store, &[103, 105, 106], scene::at(2)).await;
    let done = one(store, waitlist::call_up_for("c", 15, 10, 20), scene::at(3)).await;
    assert_eq!(called(&done).offered, 3, "three for two places");
    let slots = offered(store, 1..9).await;
    assert_eq!(slots, [1, 2, 3].map(|number| (number, "c".to_owned())));
    let offer = standing(store, waitlist::entry_id(1)).await.offer.expect("an offer");
    assert_eq!(offer.expires_at, scene::at(3 + 15 * 60));
    let done = one(store, waitlist::call_up_for("b", 15, 30, 1), scene::at(4)).await;
    assert_eq!(called(&done).offered, 1, "one was asked for");
    let unknown = one(store, waitlist::call_up_for("nowhere", 15, 40, 1), scene::at(5)).await;
    assert_eq!(unknown, Outcome::CallUp(CallUpOutcome::SlotNotFound));
    assert_eq!(availability(store, scene::at(5)).await.places_left(), 0);
}
