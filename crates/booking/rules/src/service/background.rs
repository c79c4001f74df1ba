//! What runs without being asked: the trips of the batcher, the view, the sweep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Timestamp, TripError};
use metrics::{counter, gauge};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::older::OlderBookings;
use super::{Bookings, BookingsLimits, CampaignView, Failure, View};
use crate::batch::{Command, Outcome};
use crate::hold::ReleaseExpiredHolds;
use crate::store::{BookingStore, StoreError};

/// Looks between two readings of the campaigns' definitions.
const CAMPAIGNS_EVERY_TICKS: u64 = 10;
/// Looks between two sweeps.
const SWEEP_EVERY_TICKS: u64 = 4;

/// The tasks behind [`Bookings`]. They end after [`Bookings::shut_down`].
#[derive(Debug)]
pub struct BookingsTasks {
    batcher: JoinHandle<()>,
    ticker: JoinHandle<()>,
}

impl BookingsTasks {
    pub(super) fn new(batcher: JoinHandle<()>, ticker: JoinHandle<()>) -> Self {
        Self { batcher, ticker }
    }

    /// Waits until every accepted command is carried out and nothing touches the store any more.
    pub async fn finished(self) {
        for (name, task) in [("batcher", self.batcher), ("ticker", self.ticker)] {
            if let Err(error) = task.await {
                tracing::error!(%error, "the {name} of the bookings ended abnormally");
            }
        }
    }
}

/// One batch, one transaction. If it fails, it fails for all.
pub(super) async fn trip(
    store: Arc<dyn BookingStore>,
    now: Timestamp,
    commands: Vec<Command>,
) -> Result<Vec<Outcome>, TripError<Failure>> {
    match store.execute(&commands, now).await {
        Ok(outcomes) if outcomes.len() == commands.len() => Ok(outcomes),
        Ok(outcomes) => {
            tracing::error!(
                commands = commands.len(),
                outcomes = outcomes.len(),
                "outcomes are missing"
            );
            Err(TripError::Failed(Failure::Broken))
        }
        Err(error) => Err(TripError::Failed(failed("execute a batch", &error))),
    }
}

/// Logs a failure of the store, here and nowhere else.
pub(super) fn failed(what: &'static str, error: &StoreError) -> Failure {
    let source = std::error::Error::source(error).map(ToString::to_string);
    match error {
        StoreError::Unavailable { .. } => {
            counter!("booking_store_failures", "kind" => "unavailable").increment(1);
            tracing::warn!(%error, source, "failed to {what}");
        }
        StoreError::Broken { .. } => {
            counter!("booking_store_failures", "kind" => "broken").increment(1);
            tracing::error!(%error, source, "failed to {what}");
        }
    }
    Failure::from(error)
}

/// Keeps the clock and the view fresh and sweeps, until the service closes.
///
/// It looks for the closing only between two looks at the store, which are never interrupted.
pub(super) async fn tick(
    bookings: Arc<Bookings>,
    limits: BookingsLimits,
    mut closed: watch::Receiver<bool>,
) {
    let mut interval = tokio::time::interval(Duration::from_millis(limits.view_every_ms.max(1)));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut older_bookings = OlderBookings::default();
    for ticks in 0_u64.. {
        tokio::select! {
            biased;
            _ = closed.wait_for(|closing| *closing) => return,
            _ = interval.tick() => {}
        }
        let read_campaigns = ticks % CAMPAIGNS_EVERY_TICKS == 0 || bookings.view().generation == 0;
        if let Err(error) = bookings.refresh(read_campaigns).await {
            failed("refresh the view", &error);
            continue;
        }
        older_bookings.step(&bookings, ticks).await;
        if ticks % SWEEP_EVERY_TICKS == SWEEP_EVERY_TICKS - 1 {
            bookings.sweep(limits.sweep_holds_max).await;
        }
    }
}

impl Bookings {
    /// Looks at the store: its clock, the campaigns if asked for, and the places left.
    pub(super) async fn refresh(&self, read_campaigns: bool) -> Result<(), StoreError> {
        let sending = self.clock.sending();
        let now = self.store.now().await?;
        self.clock.observe(sending, now);
        let earlier = self.view();
        let known: Vec<_> = if read_campaigns {
            let campaigns = self.store.campaigns().await?.into_iter();
            campaigns.map(|campaign| earlier.same_or(campaign)).collect()
        } else {
            earlier.campaigns.values().map(|view| Arc::clone(&view.campaign)).collect()
        };
        let mut campaigns = BTreeMap::new();
        for campaign in known {
            if earlier.campaign(&campaign.id).is_none() {
                self.remember_departures(&campaign.id, now).await?;
            }
            let Some(availability) = self.store.availability(&campaign.id, now).await? else {
                continue;
            };
            #[expect(
                clippy::cast_precision_loss,
                reason = "the number of places is far below 2^52"
            )]
            gauge!("booking_places_left", "campaign" => campaign.id.to_string())
                .set(availability.places_left() as f64);
            campaigns.insert(campaign.id.clone(), CampaignView { campaign, availability });
        }
        self.view.store(Arc::new(View { generation: earlier.generation + 1, campaigns }));
        Ok(())
    }

    /// Releases overdue holds of every campaign. If it fails, the next sweep tries again.
    pub(super) async fn sweep(&self, holds_max: u32) {
        for campaign in self.view().campaigns.keys() {
            let sweep = ReleaseExpiredHolds { campaign: campaign.clone(), holds_max };
            if let Err(failure) = self.submit(sweep).await {
                tracing::debug!(%failure, %campaign, "the sweep has to wait");
            }
        }
    }
}
