//! Calling up those who wait: by the clock, and as the operator asks.

use kernel::{CampaignId, Entropy, Timestamp};

use super::{Bookings, CampaignView};
use crate::batch::{Command, Outcome};
use crate::store::{BookingStore, StoreError};
use crate::waitlist::{CallUp, CallUpOutcome, CallUpWish, OfferId};

impl Bookings {
    /// Calls up on every waitlist of which something may come. If it fails, the next look
    /// tries again.
    pub(super) async fn call_up(&self, offers_max: u32) {
        let view = self.view();
        for (campaign, _) in view.campaigns.iter().filter(|(_, known)| is_due(known)) {
            let command = call_up(campaign, None, offers_max, self.now(), &*self.entropy);
            if let Err(failure) = self.submit(command).await {
                tracing::debug!(%failure, %campaign, "the call-up has to wait");
            }
        }
    }
}

/// Nothing comes of a call-up where nothing is kept, offered, or free for somebody who waits.
fn is_due(known: &CampaignView) -> bool {
    let (counts, places_left) = (&known.availability.waitlist, known.availability.places_left());
    let can_be_offered = counts.waiting > 0 && places_left > 0;
    known.campaign.waitlist.is_some()
        && (counts.reserved > 0 || counts.offered > 0 || can_be_offered)
}

fn call_up(
    campaign: &CampaignId,
    wish: Option<CallUpWish>,
    offers_max: u32,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> CallUp {
    let offers = (0..offers_max).map(|_| OfferId::new(now, entropy)).collect();
    CallUp { campaign: campaign.clone(), offers, wish }
}

/// Offers places of one slot to so many people, as the operator asks for: also in quiet hours, and for as
/// long as they say. It works on the store alone, so that a command line can do it without a running
/// service.
pub async fn call_up_for(
    store: &dyn BookingStore,
    campaign: &CampaignId,
    wish: CallUpWish,
    count: u32,
    entropy: &dyn Entropy,
) -> Result<CallUpOutcome, StoreError> {
    let now = store.now().await?;
    let command = Command::from(call_up(campaign, Some(wish), count, now, entropy));
    let executed = store.execute(&[command], now).await?;
    match executed.outcomes.as_slice() {
        [Outcome::CallUp(outcome)] => Ok(*outcome),
        _ => Err(StoreError::Broken {
            reason: "the outcome of another command".to_owned(),
            source: None,
        }),
    }
}
