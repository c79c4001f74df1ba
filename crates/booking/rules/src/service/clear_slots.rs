//! Clearing slots that are closed. It works on the store alone, by its clock, so that a command line can do
//! it without a running service.

use kernel::Timestamp;

use crate::batch::{Command, Outcome};
use crate::booking::{ClearPlace, ClearPlaceOutcome, TakenBy};
use crate::campaign::apply::Intent;
use crate::campaign::clear::{ClearRefusal, ClearSlots, Cleared, ClearedCount};
use crate::campaign::{Campaign, SlotKey};
use crate::store::{BookingStore, StoreError};

/// Holds and bookings of one page of clearing, which is one transaction.
const CLEAR_PAGE: u32 = 200;

/// Clears closed slots, or says what would come of it, page by page. What is cleared stays so: after a
/// crash the same request goes on where it was. O(places taken), and a look at the slot for each page.
pub async fn clear_slots(
    store: &dyn BookingStore,
    request: &ClearSlots,
) -> Result<Cleared, StoreError> {
    clear_in_pages(store, request, CLEAR_PAGE, || store.now()).await
}

/// The same with pages of this size, at times told.
pub(crate) async fn clear_in_pages<N>(
    store: &dyn BookingStore,
    request: &ClearSlots,
    page_max: u32,
    now: impl Fn() -> N,
) -> Result<Cleared, StoreError>
where
    N: Future<Output = Result<Timestamp, StoreError>>,
{
    let mut campaigns = store.campaigns().await?.into_iter();
    let Some(campaign) = campaigns.find(|campaign| campaign.id == request.campaign) else {
        let refusal = ClearRefusal::CampaignNotFound(request.campaign.clone());
        return Ok(Cleared::Refused(refusal));
    };
    let slots = match request.slots(&campaign) {
        Ok(slots) => slots,
        Err(refusal) => return Ok(Cleared::Refused(refusal)),
    };
    let slots: Vec<SlotKey> = slots
        .into_iter()
        .map(|slot| SlotKey { campaign: campaign.id.clone(), slot: slot.id.clone() })
        .collect();
    if request.intent == Intent::Preview {
        return preview_clearing(store, request, &campaign, &slots, now().await?).await;
    }
    let mut count = ClearedCount::default();
    for slot in slots {
        loop {
            let before = store.slot_use(&slot, page_max).await?;
            if before.page.is_empty() {
                break;
            }
            let commands: Vec<Command> =
                before.page.iter().map(|taken_by| clear_place(request, &slot, *taken_by)).collect();
            let outcomes = store.execute(&commands, now().await?).await?.outcomes;
            if outcomes.contains(&Outcome::ClearPlace(ClearPlaceOutcome::NotClosed)) {
                // Opened again meanwhile.
                return Ok(Cleared::Refused(ClearRefusal::NotClosed(slot.slot)));
            }
            if !count.add(&outcomes) {
                count.left += before.bookings;
                break;
            }
        }
    }
    Ok(Cleared::Done(count))
}

fn clear_place(request: &ClearSlots, slot: &SlotKey, taken_by: TakenBy) -> Command {
    let (campaign, slot) = (slot.campaign.clone(), slot.slot.clone());
    ClearPlace { campaign, slot, taken_by, move_to: request.target().cloned() }.into()
}

async fn preview_clearing(
    store: &dyn BookingStore,
    request: &ClearSlots,
    campaign: &Campaign,
    slots: &[SlotKey],
    now: Timestamp,
) -> Result<Cleared, StoreError> {
    let (mut bookings, mut holds) = (0, 0);
    for slot in slots {
        let taken = store.slot_use(slot, 0).await?;
        (bookings, holds) = (bookings + taken.bookings, holds + taken.holds);
    }
    let places = match request.target().and_then(|id| campaign.slot(id)) {
        None => bookings,
        Some(target) => {
            let key = SlotKey { campaign: campaign.id.clone(), slot: target.id.clone() };
            let there = store.slot_use(&key, 0).await?;
            u64::from(campaign.places_free(target, there.taken + there.reserved, now))
        }
    };
    let left = bookings.saturating_sub(places);
    Ok(Cleared::Done(ClearedCount { bookings: bookings - left, holds, left }))
}
