//! Applying campaigns, and opening by time alone.

use super::{apply, many, one, places_left, scene};
use crate::batch::Outcome;
use crate::booking::BookSlotOutcome;
use crate::campaign::apply::Applied;
use crate::campaign::{CampaignPlan, PlanProblem};
use crate::store::BookingStore;

/// A plan is created, unchanged when repeated, updated when it differs, and read back as it is.
pub async fn a_plan_is_applied_once(store: &dyn BookingStore) {
    assert_eq!(store.campaigns().await.expect("the store answers"), []);
    let applied = store.apply_campaign(&scene::plan(), scene::at(0)).await;
    assert!(matches!(applied.expect("the store answers"), Applied::Created(_)));
    let applied = store.apply_campaign(&scene::plan(), scene::at(1)).await;
    assert_eq!(applied.expect("the store answers"), Applied::Unchanged { revision: 1 });
    assert_eq!(store.campaigns().await.expect("the store answers"), [scene::campaign()]);

    let mut raised = scene::campaign();
    raised.slots[0].capacity = 10;
    raised.slots[0].allotments = vec![6, 4];
    raised.title_de.push_str(", größer");
    let raised = CampaignPlan::new(raised).expect("a plan");
    let applied = store.apply_campaign(&raised, scene::at(2)).await;
    assert!(matches!(applied.expect("the store answers"), Applied::Updated(_)));
    assert_eq!(store.campaigns().await.expect("the store answers"), [raised.campaign().clone()]);
    assert_eq!(places_left(store, "a", scene::at(2)).await, 6);
    let unknown = store.availability(&scene::slot("unknown"), scene::at(2)).await;
    assert_eq!(unknown.expect("the store answers"), None);
}

/// What is taken stays taken: a plan that would open less, or lacks a slot, changes nothing.
pub async fn a_plan_never_goes_below_what_is_taken(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let commands = [
        scene::book_slot(&pass, "b", 1, 1, scene::key(1, 0)),
        scene::book_slot(&pass, "b", 2, 2, scene::key(2, 0)),
    ];
    many(store, &commands, scene::at(0)).await;

    let mut lowered = scene::campaign();
    lowered.slots[1].allotments = vec![1, 1];
    let lowered = CampaignPlan::new(lowered).expect("a plan");
    let applied = store.apply_campaign(&lowered, scene::at(1)).await.expect("the store answers");
    let problem = PlanProblem::BelowTaken { slot: scene::slot("b"), taken: 2, from: 2, to: 1 };
    assert_eq!(applied, Applied::Refused(problem));

    let mut without = scene::campaign();
    without.slots.remove(1);
    let without = CampaignPlan::new(without).expect("a plan");
    let applied = store.apply_campaign(&without, scene::at(1)).await.expect("the store answers");
    let problem = PlanProblem::SlotRemoved { slot: scene::slot("b"), taken: 2 };
    assert_eq!(applied, Applied::Refused(problem));
    assert_eq!(store.campaigns().await.expect("the store answers"), [scene::campaign()]);
    assert_eq!(places_left(store, "b", scene::at(1)).await, 0);
}

/// Before the first opening nothing is bookable, then the first allotment, then unsold places of
/// it together with the second; after the closing nothing.
pub async fn an_opening_needs_nothing_but_time(store: &dyn BookingStore) {
    apply(store).await;
    let before = scene::OPENING.minus(std::time::Duration::from_millis(1));
    let mut number = 0;
    let mut book = async |now| {
        number += 1;
        let pass = scene::grant(number, 1, now);
        let command = scene::book_slot(&pass, "a", number, number, scene::key(number, 0));
        match one(store, command, now).await {
            Outcome::BookSlot(outcome) => outcome,
            other => panic!("not the outcome of booking: {other:?}"),
        }
    };
    assert_eq!(places_left(store, "a", before).await, 0);
    assert_eq!(book(before).await, BookSlotOutcome::SlotFull);
    assert_eq!(places_left(store, "a", scene::at(0)).await, 1);
    assert!(matches!(book(scene::at(0)).await, BookSlotOutcome::Booked(_)));
    assert_eq!(book(scene::at(10_799)).await, BookSlotOutcome::SlotFull);
    assert_eq!(places_left(store, "a", scene::at(10_800)).await, 2);
    assert_eq!(places_left(store, "c", scene::at(10_800)).await, 50);
    assert!(matches!(book(scene::at(10_800)).await, BookSlotOutcome::Booked(_)));
    assert_eq!(book(scene::at(86_400)).await, BookSlotOutcome::CampaignClosed);
    assert_eq!(places_left(store, "a", scene::at(86_400)).await, 0);
}
