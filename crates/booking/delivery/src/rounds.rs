//! What the workers have in common: rounds until they are stopped, events along the way, and notes of what was done.

use std::mem;
use std::time::Duration;

use booking::StoreError;
use kernel::CampaignId;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

/// How often it is tried to note what became of something, a second apart: what was sent and is not noted is sent again.
const NOTES_MAX: u32 = 10;

pub(crate) fn interval(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// A worker, round by round.
pub(crate) trait Rounds {
    /// Follows the events and sends what is due; whether there may be more.
    fn round(&mut self) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Says that a round could not be carried out.
    fn tell(&self, error: &StoreError);
}

/// Carries out rounds until the worker is stopped: one at each look, and further ones at once where there may be more.
/// Each kind of trouble is told once while it lasts.
pub(crate) async fn carry_out(
    mut worker: impl Rounds,
    every: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    let mut looks = interval(every);
    let mut trouble = None;
    while !*stopped.borrow() {
        // The round itself is never dropped: it ends by itself when the worker is stopped.
        tokio::select! {
            _ = looks.tick() => {}
            _ = stopped.changed() => break,
        }
        loop {
            let done = worker.round().await;
            let kind = done.as_ref().err().map(mem::discriminant);
            if let Err(error) = &done
                && trouble != kind
            {
                worker.tell(error);
            }
            trouble = kind;
            if !done.unwrap_or(false) || *stopped.borrow() {
                break;
            }
        }
    }
}

/// Follows the events of these campaigns, page by page: `page` says whether there is more. One campaign whose events
/// cannot be followed takes no other with it (P20).
pub(crate) async fn follow<'a, F: Future<Output = Result<bool, StoreError>>>(
    campaigns: &'a [CampaignId],
    stopped: &watch::Receiver<bool>,
    page: impl Fn(&'a CampaignId) -> F,
    tell: impl Fn(&CampaignId, &StoreError),
) -> Result<(), StoreError> {
    for campaign in campaigns {
        let mut more = true;
        while more && !*stopped.borrow() {
            match page(campaign).await {
                Ok(has_more) => more = has_more,
                Err(error @ StoreError::Unavailable { .. }) => return Err(error),
                Err(error) => {
                    tell(campaign, &error);
                    more = false;
                }
            }
        }
    }
    Ok(())
}

/// Tries to note what became of something.
pub(crate) async fn note<F: Future<Output = Result<(), StoreError>>>(
    settle: impl Fn() -> F,
    tell: impl Fn(&StoreError),
) {
    let mut attempts = interval(Duration::from_secs(1));
    for _ in 0..NOTES_MAX {
        attempts.tick().await;
        match settle().await {
            Ok(()) => return,
            Err(error) => tell(&error),
        }
    }
}
