//! Purging the personal data of a campaign.

use super::{apply, one, scene};
use crate::batch::Outcome;
use crate::booking::BookSlotOutcome;
use crate::campaign::purge::{PurgeCampaign, PurgeStep, PurgedBy};
use crate::campaign::{Campaign, CampaignPlan};
use crate::event::{Actor, What};
use crate::store::BookingStore;

async fn step(store: &dyn BookingStore, by: PurgedBy, second: u64) -> PurgeStep {
    let request = PurgeCampaign { campaign: scene::slot("rehearsal"), by, rows_max: 2 };
    store.purge_campaign(&request, scene::at(second)).await.expect("the store answers")
}

/// All steps; how many had to follow another.
async fn purge(store: &dyn BookingStore, second: u64) -> u32 {
    for steps in 0..100 {
        match step(store, PurgedBy::Clock, second).await {
            PurgeStep::GoesOn { rows } => assert!(rows <= 2),
            PurgeStep::Purged => return steps,
            other => panic!("{other:?}"),
        }
    }
    panic!("a purge has an end");
}

fn seconds(campaign: &Campaign) -> (u64, u64) {
    let after = |at: kernel::Timestamp| at.unix_s() - scene::OPENING.unix_s();
    let (over, purged) = (after(campaign.over_at()), after(campaign.purge_at()));
    (u64::try_from(over).expect("later"), u64::try_from(purged).expect("later"))
}

/// Not before its time, and then whole: bookings, holds, passes and replies are gone, and the campaign with its history
/// stays.
pub async fn personal_data_are_purged_when_their_time_has_come(store: &dyn BookingStore) {
    assert_eq!(step(store, PurgedBy::Operator, 0).await, PurgeStep::NotFound);
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    for number in 1..=3 {
        let book = scene::book_slot(&pass, "c", number, number, scene::key(number, 0));
        one(store, book, scene::at(0)).await;
    }
    let other = scene::grant(2, 4, scene::at(0));
    one(store, scene::hold(&other, "c", 2, 9, scene::key(9, 0)), scene::at(0)).await;
    one(store, scene::cancel(3, scene::key(3, 1)), scene::at(1)).await;
    let campaign = scene::campaign();
    let (over, due) = seconds(&campaign);
    assert!(over > 86_400, "the last slot comes after the end of booking");
    for (by, at, due_at) in [
        (PurgedBy::Operator, over - 1, campaign.over_at()),
        (PurgedBy::Clock, over, campaign.purge_at()),
        (PurgedBy::Clock, due - 1, campaign.purge_at()),
    ] {
        assert_eq!(step(store, by, at).await, PurgeStep::NotDue { due_at });
    }
    assert!(store.booking(scene::booking_id(1)).await.expect("answers").is_some());
    purge(store, due).await;
    for number in 1..=3 {
        assert_eq!(store.booking(scene::booking_id(number)).await.expect("answers"), None);
    }
    assert_eq!(store.hold(scene::hold_id(9)).await.expect("answers"), None);
    assert_eq!(store.seats_taken(pass.pass_id, scene::at(due)).await.expect("answers"), 0);
    assert_eq!(store.campaigns().await.expect("answers"), [campaign]);
    assert_eq!(purge(store, due + 1).await, 0, "and no second time");
    let told = super::event::happened(store).await;
    let purged = format!("{:?}: {:?}", Actor::Clock, What::CampaignPurged);
    assert_eq!(told.iter().filter(|(event, _)| *event == purged).count(), 1);
}

/// A campaign that is opened again takes people as before, and is purged again.
pub async fn a_campaign_that_opens_again_is_purged_again(store: &dyn BookingStore) {
    apply(store).await;
    let book = async |number: u32, second: u64| {
        let pass = scene::grant(number, 4, scene::at(second));
        let book = scene::book_slot(&pass, "c", number, 1, scene::key(number, 0));
        one(store, book, scene::at(second)).await
    };
    let is_booked =
        |outcome: &Outcome| matches!(outcome, Outcome::BookSlot(BookSlotOutcome::Booked(_)));
    assert!(is_booked(&book(1, 0).await));
    let (_, due) = seconds(&scene::campaign());
    purge(store, due).await;
    let mut later = scene::campaign();
    later.closes_at = scene::at(due + 1_000_000);
    for slot in &mut later.slots {
        slot.starts_at = scene::at(due + 500_000);
        slot.ends_at = scene::at(due + 500_600);
    }
    let due_again = seconds(&later).1;
    for slot in &mut later.slots {
        slot.id = scene::slot(&format!("{}-again", slot.id));
    }
    later.slots.extend(scene::campaign().slots);
    later.slots.sort_by(|a, b| a.id.cmp(&b.id));
    let plan = CampaignPlan::new(later).expect("a plan");
    assert!(store.apply_campaign(&plan, scene::at(due)).await.expect("answers").verdict().is_ok());
    let pass = scene::grant(2, 4, scene::at(due));
    let again = scene::book_slot(&pass, "c-again", 2, 1, scene::key(2, 0));
    assert!(is_booked(&one(store, again, scene::at(due)).await), "the same person");
    let booking = store.booking(scene::booking_id(2)).await.expect("answers").expect("is there");
    assert!(booking.registration.person == scene::registration(2, 1).person);
    purge(store, due_again).await;
    assert_eq!(store.booking(scene::booking_id(2)).await.expect("answers"), None);
}
