//! On which terms a plan comes into force.

use super::{apply, many, one, places_left, scene};
use crate::batch::Outcome;
use crate::booking::{BookHoldOutcome, BookSlotOutcome};
use crate::campaign::apply::{Applied, ApplyCampaign, BookedSlots, Expected, Intent};
use crate::campaign::preview::{Preview, SlotFate};
use crate::campaign::revision::{ChangeReason, RevisionActor};
use crate::campaign::{Campaign, CampaignPlan, PlanProblem};
use crate::hold::HoldOutcome;
use crate::store::BookingStore;

/// The operator's wish for the scene's campaign after this edit.
fn wish(edit: impl FnOnce(&mut Campaign)) -> ApplyCampaign {
    let mut campaign = scene::campaign();
    edit(&mut campaign);
    ApplyCampaign::of_operator(CampaignPlan::new(campaign).expect("a plan"))
}

async fn change(store: &dyn BookingStore, request: &ApplyCampaign, second: u64) -> Applied {
    store.change_campaign(request, scene::at(second)).await.expect("the store answers")
}

async fn in_force(store: &dyn BookingStore) -> Campaign {
    let campaigns = store.campaigns().await.expect("the store answers");
    campaigns.into_iter().next().expect("a campaign is in force")
}

/// A starting service creates what is missing. What is in force stays so, whatever its file says.
pub async fn a_start_creates_and_never_replaces(store: &dyn BookingStore) {
    let start = ApplyCampaign::at_start(scene::plan());
    assert!(matches!(change(store, &start, 0).await, Applied::Created(_)));
    assert_eq!(change(store, &start, 1).await, Applied::Unchanged { revision: 1 });

    let changed = wish(|campaign| "Changed while it runs".clone_into(&mut campaign.title_en));
    assert!(matches!(change(store, &changed, 2).await, Applied::Updated(_)));
    assert_eq!(change(store, &start, 3).await, Applied::OtherRevision { revision: 2 });
    assert_eq!(in_force(store).await, *changed.plan.campaign());
    let history = store.revisions(&scene::slot("rehearsal")).await.expect("the store answers");
    let history: Vec<_> = history.iter().map(|of| (of.number, of.actor, of.applied_at)).collect();
    let expected =
        [(1, RevisionActor::Start, scene::at(0)), (2, RevisionActor::Operator, scene::at(2))];
    assert_eq!(history, expected);
}

/// Two operators do not overwrite each other unknowingly; whoever repeats what is in force may.
pub async fn a_plan_replaces_the_revision_it_expects(store: &dyn BookingStore) {
    let expecting = |revision, title: &str| {
        let reason = Some("The hall is closed".parse().expect("a reason"));
        let expected = Expected::Revision(revision);
        ApplyCampaign {
            expected,
            reason,
            ..wish(|campaign| title.clone_into(&mut campaign.title_en))
        }
    };
    assert_eq!(change(store, &expecting(1, "A"), 0).await, Applied::OtherRevision { revision: 0 });
    assert!(matches!(change(store, &expecting(0, "A"), 0).await, Applied::Created(_)));
    assert!(matches!(change(store, &expecting(1, "B"), 1).await, Applied::Updated(_)));
    assert_eq!(change(store, &expecting(1, "C"), 2).await, Applied::OtherRevision { revision: 2 });
    assert_eq!(change(store, &expecting(1, "B"), 3).await, Applied::Unchanged { revision: 2 });
    let history = store.revisions(&scene::slot("rehearsal")).await.expect("the store answers");
    let titles: Vec<String> = history
        .iter()
        .map(|revision| {
            assert_eq!(
                revision.reason.as_ref().map(ChangeReason::as_str),
                Some("The hall is closed")
            );
            let definition = revision.definition.as_deref().expect("a definition");
            let campaign: Campaign = serde_json::from_str(definition).expect("a campaign");
            campaign.title_en
        })
        .collect();
    assert_eq!(titles, ["A", "B"]);
}

/// A preview names fields, slots and the people in them, and is no revision.
pub async fn a_preview_says_what_would_change_and_changes_nothing(store: &dyn BookingStore) {
    let look = |request: ApplyCampaign| ApplyCampaign { intent: Intent::Preview, ..request };
    let first = change(store, &look(wish(|_| ())), 0).await;
    assert!(matches!(first, Applied::Created(Preview { places_bookable: (0, 33), .. })));
    assert_eq!(store.campaigns().await.expect("the store answers"), []);

    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let commands = [
        scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)),
        scene::hold(&pass, "c", 2, 1, scene::key(2, 0)),
    ];
    many(store, &commands, scene::at(0)).await;
    let request = look(wish(|campaign| {
        "Larger".clone_into(&mut campaign.title_en);
        campaign.slots[2].capacity = 60;
        campaign.slots[2].allotments = vec![40, 20];
    }));
    let Applied::Updated(preview) = change(store, &request, 1).await else {
        panic!("a preview of a change");
    };
    assert_eq!((preview.revision, preview.places_bookable), (2, (30, 40)));
    assert_eq!(preview.fields.len(), 1);
    assert_eq!(preview.fields[0].to_string(), "title_en: 'Rehearsal' → 'Larger'");
    let [slot] = preview.slots.as_slice() else { panic!("one slot changes: {preview:?}") };
    assert_eq!((slot.slot.as_str(), slot.bookings, slot.held), ("c", 1, 2));
    let SlotFate::Changed(fields) = &slot.change else { panic!("it changes: {slot:?}") };
    let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
    assert_eq!(fields, ["allotments[0]: 30 → 40", "capacity: 50 → 60"]);
    assert_eq!(in_force(store).await, scene::campaign());
    assert_eq!(places_left(store, "c", scene::at(1)).await, 27);
    let history = store.revisions(&scene::slot("rehearsal")).await.expect("the store answers");
    assert_eq!(history.len(), 1);
}

/// Nobody is moved to another time or site by an edit, whether booked or still holding seats; a
/// reschedule that somebody decided on does it.
pub async fn a_booked_slot_stays_where_it_is(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let commands = [
        scene::book_slot(&pass, "b", 1, 1, scene::key(1, 0)),
        scene::hold(&pass, "c", 2, 1, scene::key(2, 0)),
    ];
    many(store, &commands, scene::at(0)).await;
    let moved = wish(|campaign| campaign.slots[1].starts_at = scene::at(518_401));
    let problem = PlanProblem::SlotMoved {
        slot: scene::slot("b"),
        taken: 1,
        field: "start",
        from: "2021-06-20T06:00:00.000Z".to_owned(),
        to: "2021-06-20T06:00:01.000Z".to_owned(),
    };
    assert_eq!(change(store, &moved, 1).await, Applied::Refused(problem));
    let longer = wish(|campaign| campaign.slots[2].ends_at = scene::at(600_000));
    let elsewhere = wish(|campaign| campaign.slots[2].site = scene::slot("south"));
    for (request, expected) in [(&longer, "end"), (&elsewhere, "site")] {
        let applied = change(store, request, 1).await;
        let Applied::Refused(PlanProblem::SlotMoved { slot, taken, field, .. }) = applied else {
            panic!("a slot on hold stays: {applied:?}");
        };
        assert_eq!((slot.as_str(), taken, field), ("c", 2, expected));
    }
    assert_eq!(in_force(store).await, scene::campaign());

    let empty = wish(|campaign| campaign.slots[0].starts_at = scene::at(518_401));
    assert!(matches!(change(store, &empty, 1).await, Applied::Updated(_)));
    let decided = ApplyCampaign { booked_slots: BookedSlots::MayMove, ..moved };
    assert!(matches!(change(store, &decided, 1).await, Applied::Updated(_)));
    assert_eq!(in_force(store).await, *decided.plan.campaign());
}

/// A slot without bookings and holds may go, such as when the date was mistaken; one that somebody
/// once had a place in stays.
pub async fn a_slot_that_nobody_used_can_go(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    one(store, scene::hold(&pass, "b", 1, 1, scene::key(1, 0)), scene::at(0)).await;
    one(store, scene::release(&pass, 1), scene::at(0)).await;
    let without = |index| {
        wish(move |campaign| {
            campaign.slots.remove(index);
        })
    };
    let kept = Applied::Refused(PlanProblem::SlotRemembered(scene::slot("b")));
    assert_eq!(change(store, &without(1), 1).await, kept);
    let Applied::Updated(preview) = change(store, &without(0), 1).await else {
        panic!("nobody was ever in that slot");
    };
    let fates: Vec<_> = preview.slots.iter().map(|of| (of.slot.as_str(), &of.change)).collect();
    assert_eq!(fates, [("a", &SlotFate::Removed)]);
    let command = scene::book_slot(&pass, "a", 1, 1, scene::key(2, 0));
    let outcome = one(store, command, scene::at(1)).await;
    assert_eq!(outcome, Outcome::BookSlot(BookSlotOutcome::SlotNotFound));
    // It may come back as a new one.
    assert!(matches!(change(store, &wish(|_| ()), 2).await, Applied::Updated(_)));
    assert_eq!(places_left(store, "a", scene::at(2)).await, 1);
}

/// A closed slot has no places to hold or book. Whoever holds seats may still register, and whoever
/// is booked stays.
pub async fn a_closed_slot_takes_nobody_new(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let commands = [
        scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0)),
        scene::hold(&pass, "c", 1, 1, scene::key(2, 0)),
    ];
    many(store, &commands, scene::at(0)).await;
    let closing = wish(|campaign| campaign.slots[2].closed = true);
    assert!(matches!(change(store, &closing, 1).await, Applied::Updated(_)));
    assert_eq!(places_left(store, "c", scene::at(1)).await, 0);
    let outcomes = many(
        store,
        &[
            scene::book_slot(&pass, "c", 2, 2, scene::key(3, 0)),
            scene::hold(&pass, "c", 1, 2, scene::key(4, 0)),
            scene::book_hold(&pass, 1, 3, 3, scene::key(5, 0)),
        ],
        scene::at(1),
    )
    .await;
    assert_eq!(outcomes[0], Outcome::BookSlot(BookSlotOutcome::SlotFull));
    assert_eq!(outcomes[1], Outcome::Hold(HoldOutcome::SlotFull { places_left: 0 }));
    assert!(matches!(outcomes[2], Outcome::BookHold(BookHoldOutcome::Booked(_))));
    for number in [1, 3] {
        let booking = store.booking(scene::booking_id(number)).await.expect("the store answers");
        assert!(booking.is_some(), "who is booked stays");
    }
    // Opened again it has what it had.
    assert!(matches!(change(store, &wish(|_| ()), 2).await, Applied::Updated(_)));
    assert_eq!(places_left(store, "c", scene::at(2)).await, 28);
}
