//! Purging the personal data of campaigns whose time has come.

use std::sync::Arc;
use std::time::Duration;

use kernel::CampaignId;
use tokio::time::Instant;

use super::{Bookings, background};
use crate::campaign::purge::{PurgeCampaign, PurgeStep, PurgedBy};
use crate::store::{BookingStore, StoreError};

/// Rows of one step, which is one short transaction: whoever books meanwhile may wait until its pages are on the disk.
pub const PURGE_ROWS: u32 = 200;
/// The least time between two steps.
const REST_MIN: Duration = Duration::from_millis(20);
/// How much longer a purge rests after a step than the step took: where the store is busy, it leaves it to others.
const REST_TIMES: u32 = 4;

/// How long to rest after a step that took so long.
fn rest_after(step: Duration) -> Duration {
    REST_MIN.max(step * REST_TIMES)
}

/// Takes the steps of a purge, and rests after each, until none has to follow or `goes_on` says so. It takes no more than
/// a fifth of the store's time.
pub async fn purge(
    store: &dyn BookingStore,
    campaign: &CampaignId,
    by: PurgedBy,
    mut goes_on: impl FnMut(u64) -> bool,
) -> Result<PurgeStep, StoreError> {
    let request = PurgeCampaign { campaign: campaign.clone(), by, rows_max: PURGE_ROWS };
    let mut rest = tokio::time::interval(REST_MIN);
    loop {
        rest.tick().await;
        let begun = Instant::now();
        let step = store.purge_campaign(&request, store.now().await?).await?;
        let PurgeStep::GoesOn { rows } = step else { return Ok(step) };
        if !goes_on(rows) {
            return Ok(step);
        }
        rest.reset_after(rest_after(begun.elapsed()));
    }
}

impl Bookings {
    /// Purges every campaign that is due. What fails is tried again the next time.
    pub(super) async fn purge_due(self: Arc<Self>) {
        let (view, now) = (self.view(), self.now());
        let due = view.campaigns.values().map(|view| &view.campaign);
        for campaign in due.filter(|campaign| campaign.purge_at() <= now) {
            let goes_on = |_| !*self.closing.borrow();
            let purged = purge(&*self.store, &campaign.id, PurgedBy::Clock, goes_on).await;
            if let Err(error) = purged {
                background::failed("purge the personal data of a campaign", &error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purge_takes_at_most_a_fifth_of_the_time_of_a_busy_store() {
        let ms = Duration::from_millis;
        assert_eq!(rest_after(ms(2)), ms(20));
        assert_eq!(rest_after(ms(500)), ms(2_000));
    }
}
