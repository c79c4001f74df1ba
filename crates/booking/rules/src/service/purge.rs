//! Purging the personal data of campaigns whose time has come.

use std::sync::Arc;
use std::time::Duration;

use kernel::CampaignId;
use tokio::time::MissedTickBehavior;

use super::{Bookings, background};
use crate::campaign::purge::{PurgeCampaign, PurgeStep, PurgedBy};
use crate::store::{BookingStore, StoreError};

/// Rows of one step, which is one short transaction.
pub const PURGE_ROWS: u32 = 500;
/// Between two steps, so that nobody's booking waits for a purge.
const PAUSE: Duration = Duration::from_millis(20);

/// Takes the steps of a purge, with pauses, until none has to follow or `goes_on` says so.
pub async fn purge(
    store: &dyn BookingStore,
    campaign: &CampaignId,
    by: PurgedBy,
    mut goes_on: impl FnMut(u64) -> bool,
) -> Result<PurgeStep, StoreError> {
    let request = PurgeCampaign { campaign: campaign.clone(), by, rows_max: PURGE_ROWS };
    let mut interval = tokio::time::interval(PAUSE);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let step = store.purge_campaign(&request, store.now().await?).await?;
        let PurgeStep::GoesOn { rows } = step else { return Ok(step) };
        if !goes_on(rows) {
            return Ok(step);
        }
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
