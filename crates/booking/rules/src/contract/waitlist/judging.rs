//! Who waits is judged again when they are called: the rules may have changed since they joined.

use super::super::one;
use super::super::scene::{self, waitlist};
use super::{apply, availability, call_up, cancel, counts, join, offered, sell_out, standing};
use crate::batch::Outcome;
use crate::store::BookingStore;
use crate::waitlist::{AcceptOutcome, CallUp, Waitlist, WhyNobodyIsCalled};

const CHILD: u32 = waitlist::CHILDREN;

async fn apply_for_adults(store: &dyn BookingStore, rules: Waitlist, seconds: u64) {
    let plan = waitlist::plan_for_adults(rules);
    store.apply_campaign(&plan, scene::at(seconds)).await.expect("the store answers");
}

/// Also when somebody was born is judged again, for an offer to be made and for one that is out. It costs nobody
/// the place in line, and what nobody may have is everybody's.
pub async fn who_is_too_young_by_now_is_not_called(store: &dyn BookingStore) {
    let rules = Waitlist { over_offer_percent: 100, ..waitlist::rules(9) };
    apply(store, rules).await;
    sell_out(store).await;
    join(store, CHILD..CHILD + 2).await;
    join(store, 1..2).await;
    cancel(store, &[103], scene::at(2)).await;
    call_up(store, 10, scene::at(3)).await;
    assert_eq!(offered(store, CHILD..CHILD + 2).await, [(CHILD, "b".to_owned())]);

    apply_for_adults(store, rules, 4).await;
    let (entry, offer) = (waitlist::entry_id(CHILD), waitlist::offer_id(10));
    let accept = waitlist::accept(entry, offer, (1, CHILD), scene::key(201, 0));
    let refused = one(store, accept, scene::at(5)).await;
    assert_eq!(refused, Outcome::AcceptOffer(AcceptOutcome::NotEligible));
    let done = call_up(store, 20, scene::at(6)).await;
    assert_eq!((done.withdrawn, done.offered), (1, 1));
    assert_eq!(offered(store, CHILD..CHILD + 2).await, []);
    assert_eq!(offered(store, 1..2).await, [(1, "b".to_owned())]);
    cancel(store, &[104], scene::at(7)).await;
    let done = call_up(store, 30, scene::at(8)).await;
    assert_eq!((done.offered, done.why_nobody), (0, Some(WhyNobodyIsCalled::NobodyMayOrWants)));
    assert_eq!(counts(store, scene::at(8)).await, (2, 1, 1));
    assert_eq!(availability(store, scene::at(8)).await.places_left(), 1, "it is everybody's");

    // Under the rules of before they are who they were.
    apply(store, rules).await;
    let child = standing(store, entry).await;
    assert_eq!((child.position, child.entry.offers_missed), (Some(1), 0));
    call_up(store, 40, scene::at(9)).await;
    assert_eq!(offered(store, CHILD..CHILD + 2).await, [(CHILD, "b".to_owned())]);
}

/// However many come first who may not have a place: as long as one waits who may, it is offered to them, and
/// else it is everybody's.
pub async fn somebody_behind_a_thousand_is_called(store: &dyn BookingStore) {
    let children = CallUp::LOOKS[0] + 1;
    let rules = Waitlist { over_offer_percent: 100, ..waitlist::rules(children + 1) };
    apply(store, rules).await;
    sell_out(store).await;
    for first in (CHILD..CHILD + children).step_by(250) {
        join(store, first..(first + 250).min(CHILD + children)).await;
    }
    join(store, 1..2).await;
    apply_for_adults(store, rules, 2).await;
    cancel(store, &[103], scene::at(3)).await;
    let done = call_up(store, 10, scene::at(4)).await;
    assert_eq!((done.offered, done.lacks_people), (1, false));
    assert_eq!(offered(store, 1..2).await, [(1, "b".to_owned())]);
    cancel(store, &[104], scene::at(5)).await;
    call_up(store, 20, scene::at(6)).await;
    assert_eq!(counts(store, scene::at(6)).await, (children, 1, 1));
    assert_eq!(availability(store, scene::at(6)).await.places_left(), 1, "it is everybody's");
}
