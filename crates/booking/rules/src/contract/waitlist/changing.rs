//! What another plan means for those who wait.

use super::super::one;
use super::super::scene::{self, waitlist};
use super::{apply, availability, call_up, cancel, counts, join, offered, sell_out};
use crate::batch::Outcome;
use crate::booking::BookSlotOutcome;
use crate::campaign::CampaignPlan;
use crate::campaign::apply::Applied;
use crate::store::BookingStore;
use crate::waitlist::{JoinOutcome, Waitlist, WhyNobodyIsCalled};

fn plan_with_places(rules: Waitlist, places: [u32; 3]) -> CampaignPlan {
    let mut campaign = waitlist::campaign(rules);
    for (slot, places) in campaign.slots.iter_mut().zip(places) {
        (slot.capacity, slot.allotments) = (places, vec![places]);
    }
    CampaignPlan::new(campaign).expect("a plan")
}

/// The places that a plan adds are kept for those who wait before anybody else sees them, and the preview
/// says how many.
pub async fn added_places_go_to_those_who_wait(store: &dyn BookingStore) {
    apply(store, waitlist::rules(5)).await;
    sell_out(store).await;
    join(store, 1..4).await;
    let plan = plan_with_places(waitlist::rules(5), [4, 3, 8]);
    let applied = store.apply_campaign(&plan, scene::at(2)).await.expect("the store answers");
    let Applied::Updated(preview) = &applied else { panic!("{applied:?}") };
    assert_eq!((preview.waitlist_gains, preview.places_bookable), (3, (0, 3)));
    assert!(preview.to_string().ends_with("3 of the new places go to those on the waitlist"));
    assert_eq!(counts(store, scene::at(2)).await, (3, 0, 3));
    let places: Vec<_> = availability(store, scene::at(2)).await.slots;
    let of_slots: Vec<_> = places.iter().map(|slot| (slot.reserved, slot.places_left)).collect();
    assert_eq!(of_slots, [(1, 0), (1, 0), (1, 3)], "the earliest first");
    call_up(store, 10, scene::at(3)).await;
    let expected = ["a", "b", "c"].map(str::to_owned);
    assert!(offered(store, 1..4).await.into_iter().map(|(_, slot)| slot).eq(expected));
}

/// A plan with fewer places takes none of those that people have, and keeps no more than are left.
pub async fn kept_places_never_exceed_what_is_free(store: &dyn BookingStore) {
    apply(store, waitlist::rules(5)).await;
    sell_out(store).await;
    join(store, 1..4).await;
    cancel(store, &[105, 106, 107], scene::at(2)).await;
    assert_eq!(counts(store, scene::at(2)).await, (3, 0, 3));
    call_up(store, 10, scene::at(3)).await;
    let plan = plan_with_places(waitlist::rules(5), [3, 2, 2]);
    let applied = store.apply_campaign(&plan, scene::at(4)).await.expect("the store answers");
    assert!(matches!(applied, Applied::Updated(_)), "{applied:?}");
    assert_eq!(counts(store, scene::at(4)).await, (0, 3, 1));
    let accepts: Vec<Outcome> = {
        let mut outcomes = Vec::new();
        for number in 1..4 {
            let (entry, offer) = (waitlist::entry_id(number), waitlist::offer_id(9 + number));
            let key = scene::key(200 + number, 0);
            let accept = waitlist::accept(entry, offer, (number, number), key);
            outcomes.push(one(store, accept, scene::at(5)).await);
        }
        outcomes
    };
    let is_booked = |outcome: &&Outcome| {
        matches!(outcome, Outcome::AcceptOffer(crate::waitlist::AcceptOutcome::Booked(_)))
    };
    assert_eq!(accepts.iter().filter(is_booked).count(), 1, "{accepts:?}");
    let plan = plan_with_places(waitlist::rules(5), [3, 2, 1]);
    let applied = store.apply_campaign(&plan, scene::at(6)).await.expect("the store answers");
    assert!(matches!(applied, Applied::Refused(_)), "two have a place: {applied:?}");
}

/// Once the rest is opened to everybody, nothing is kept but what is offered, and nobody new waits.
pub async fn the_rest_is_opened_to_everybody(store: &dyn BookingStore) {
    let rules = Waitlist { over_offer_percent: 100, ..waitlist::rules(5) };
    apply(store, rules).await;
    sell_out(store).await;
    join(store, 1..3).await;
    cancel(store, &[103, 104], scene::at(2)).await;
    one(store, waitlist::call_up(10, 1), scene::at(3)).await;
    let opened = Waitlist { open_rest_to_public: true, ..rules };
    let plan = waitlist::plan(opened);
    store.apply_campaign(&plan, scene::at(4)).await.expect("the store answers");
    let done = call_up(store, 20, scene::at(5)).await;
    assert_eq!((done.offered, done.why_nobody), (0, Some(WhyNobodyIsCalled::OpenToPublic)));
    assert_eq!(counts(store, scene::at(5)).await, (1, 1, 1), "what is offered stays so");
    let pass = scene::grant(60, 1, scene::at(0));
    let joining = waitlist::join(&pass, 60, 60, scene::key(60, 0));
    let refused = one(store, joining, scene::at(6)).await;
    assert_eq!(refused, Outcome::JoinWaitlist(JoinOutcome::NotOpen { opens_at: None }));
    let booked = one(store, scene::book_slot(&pass, "b", 61, 60, scene::key(61, 0)), scene::at(7));
    assert!(matches!(booked.await, Outcome::BookSlot(BookSlotOutcome::Booked(_))));
    cancel(store, &[105], scene::at(8)).await;
    assert_eq!(availability(store, scene::at(8)).await.places_left(), 1, "everybody's");
}
