//! Removing a campaign.

use super::{apply, one, places_left, scene};
use crate::batch::Outcome;
use crate::booking::BookSlotOutcome;
use crate::campaign::apply::{Applied, ApplyCampaign, Intent};
use crate::campaign::remove::{ActiveBookings, RemoveCampaign, Removed};
use crate::campaign::revision::RevisionActor;
use crate::store::BookingStore;

fn removal(bookings: ActiveBookings) -> RemoveCampaign {
    RemoveCampaign {
        campaign: scene::slot("rehearsal"),
        bookings,
        intent: Intent::Apply,
        actor: RevisionActor::Operator,
        reason: Some("It rains".parse().expect("a reason")),
    }
}

async fn remove(store: &dyn BookingStore, request: &RemoveCampaign, second: u64) -> Removed {
    store.remove_campaign(request, scene::at(second)).await.expect("the store answers")
}

async fn book(store: &dyn BookingStore, second: u64) -> Outcome {
    let pass = scene::grant(1, 4, scene::at(second));
    let command = scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0));
    one(store, command, scene::at(second)).await
}

/// Nothing of a removed campaign is left but its history, and a starting service does not bring it
/// back. The operator does, with the next revision and nothing taken.
pub async fn a_campaign_goes_with_all_that_is_in_it(store: &dyn BookingStore) {
    let request = removal(ActiveBookings::Discard);
    assert_eq!(remove(store, &request, 0).await, Removed::NotFound);
    apply(store).await;
    assert!(matches!(book(store, 0).await, Outcome::BookSlot(BookSlotOutcome::Booked(_))));
    let done = Removed::Removed { revision: 2, bookings: 1 };
    let preview = RemoveCampaign { intent: Intent::Preview, ..request.clone() };
    assert_eq!(remove(store, &preview, 1).await, done);
    assert_eq!(places_left(store, "c", scene::at(1)).await, 29, "a preview removes nothing");
    assert_eq!(remove(store, &request, 1).await, done);
    assert_eq!(remove(store, &request, 1).await, Removed::NotFound);
    assert_eq!(store.campaigns().await.expect("the store answers"), []);
    let booking = store.booking(scene::booking_id(1)).await.expect("the store answers");
    assert_eq!(booking, None);
    let outcome = book(store, 1).await;
    assert_eq!(outcome, Outcome::BookSlot(BookSlotOutcome::CampaignNotFound));

    let start = ApplyCampaign::at_start(scene::plan());
    let left = store.change_campaign(&start, scene::at(2)).await.expect("the store answers");
    assert_eq!(left, Applied::WasRemoved { revision: 2 });
    let back = store.apply_campaign(&scene::plan(), scene::at(2)).await;
    let Applied::Created(preview) = back.expect("the store answers") else {
        panic!("the operator brings it back");
    };
    assert_eq!(preview.revision, 3);
    assert!(matches!(book(store, 2).await, Outcome::BookSlot(BookSlotOutcome::Booked(_))));
    let history = store.revisions(&scene::slot("rehearsal")).await.expect("the store answers");
    let kept: Vec<_> = history.iter().map(|of| (of.number, of.definition.is_some())).collect();
    assert_eq!(kept, [(1, true), (2, false), (3, true)]);
}

/// Active bookings keep a campaign from being removed, unless that is said.
pub async fn a_campaign_with_bookings_is_not_removed_by_accident(store: &dyn BookingStore) {
    apply(store).await;
    book(store, 0).await;
    let careful = removal(ActiveBookings::Keep);
    assert_eq!(remove(store, &careful, 1).await, Removed::HasBookings { bookings: 1 });
    assert_eq!(places_left(store, "c", scene::at(1)).await, 29);
    one(store, scene::cancel(1, scene::key(2, 0)), scene::at(2)).await;
    let done = Removed::Removed { revision: 2, bookings: 0 };
    assert_eq!(remove(store, &careful, 3).await, done);
}
