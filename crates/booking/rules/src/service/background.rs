//! What runs without being asked: the view, the sweep and the call-up.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::{CampaignId, Timestamp};
use metrics::{counter, gauge};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::older::OlderBookings;
use super::queues::Queues;
use super::{Bookings, BookingsLimits, CampaignView, Failure, View};
use crate::hold::ReleaseExpiredHolds;
use crate::store::{Availability, StoreError};

/// Looks between two readings of the campaigns' definitions.
const CAMPAIGNS_EVERY_TICKS: u64 = 10;
/// Looks between two at the campaigns that have closed: nothing in them can be booked any more.
const CLOSED_EVERY_TICKS: u64 = 120;
/// Looks between two sweeps, each with a call-up.
const SWEEP_EVERY_TICKS: u64 = 4;

/// What a look at the store takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// The places of the campaigns that have not closed.
    Places,
    /// The definitions as well.
    Campaigns,
    /// And the places of the campaigns that have closed.
    Everything,
}

impl Look {
    const fn at_tick(ticks: u64) -> Self {
        if ticks.is_multiple_of(CLOSED_EVERY_TICKS) {
            Self::Everything
        } else if ticks.is_multiple_of(CAMPAIGNS_EVERY_TICKS) {
            Self::Campaigns
        } else {
            Self::Places
        }
    }
}

/// The tasks behind [`Bookings`]. They end after [`Bookings::shut_down`].
pub struct BookingsTasks {
    queues: Arc<Queues>,
    ticker: JoinHandle<()>,
}

impl BookingsTasks {
    pub(super) fn new(queues: Arc<Queues>, ticker: JoinHandle<()>) -> Self {
        Self { queues, ticker }
    }

    /// Waits until every accepted command is answered and nothing new touches the store. It takes no
    /// longer than the store takes to answer, or to give up, for the commands of one full queue.
    pub async fn finished(self) {
        if let Err(error) = self.ticker.await {
            tracing::error!(%error, "the ticker of the bookings ended abnormally");
        }
        self.queues.finished().await;
    }
}

/// Logs a failure of the store, here and nowhere else.
pub(super) fn failed(what: &'static str, error: &StoreError) -> Failure {
    let source = std::error::Error::source(error).map(ToString::to_string);
    match error {
        StoreError::Busy { .. } => {
            counter!("booking_store_failures", "kind" => "busy").increment(1);
            tracing::warn!(%error, source, "failed to {what}");
        }
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

/// What could not be looked at the last time. Each is said once, and once more when it is over.
#[derive(Default)]
pub(super) struct Troubled(Mutex<HashSet<Option<CampaignId>>>);

impl Troubled {
    /// Notes how a look at a campaign went, or at the store as a whole.
    fn note(&self, campaign: Option<&CampaignId>, failure: Option<&StoreError>) {
        let mut troubled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = campaign.map_or("all campaigns", CampaignId::as_str);
        if let Some(error) = failure {
            if troubled.insert(campaign.cloned()) {
                failed("refresh the view", error);
                tracing::warn!(campaign = name, "the places are not up to date; tried again");
            }
        } else if !troubled.is_empty() && troubled.remove(&campaign.cloned()) {
            tracing::info!(campaign = name, "the places are up to date again");
        }
    }
}

/// Keeps the clock and the view fresh, sweeps and calls up those who wait, until the service closes.
///
/// It looks for the closing only between two looks at the store. The sweep runs beside it: a
/// campaign that is locked makes no view old.
pub(super) async fn tick(
    bookings: Arc<Bookings>,
    limits: BookingsLimits,
    mut closed: watch::Receiver<bool>,
) {
    let mut interval = tokio::time::interval(Duration::from_millis(limits.view_every_ms.max(1)));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut older_bookings = OlderBookings::default();
    let (mut sweeping, mut purging) = (tokio::spawn(async {}), tokio::spawn(async {}));
    for ticks in 0_u64.. {
        tokio::select! {
            biased;
            _ = closed.wait_for(|closing| *closing) => break,
            _ = interval.tick() => {}
        }
        let is_first = bookings.view().generation == 0;
        let look = if is_first { Look::Everything } else { Look::at_tick(ticks) };
        let refreshed = bookings.refresh(look).await;
        bookings.troubled.note(None, refreshed.as_ref().err());
        if refreshed.is_ok() {
            older_bookings.step(&bookings, ticks).await;
            if ticks % CLOSED_EVERY_TICKS == 0
                && let Err(error) = bookings.store.wrap_keys_anew().await
            {
                failed("wrap the keys of personal data anew", &error);
            }
        }
        if refreshed.is_ok() && ticks % CLOSED_EVERY_TICKS == 1 && purging.is_finished() {
            purging = tokio::spawn(Arc::clone(&bookings).purge_due());
        }
        let is_due = ticks % SWEEP_EVERY_TICKS == SWEEP_EVERY_TICKS - 1;
        if refreshed.is_ok() && is_due && sweeping.is_finished() {
            let bookings = Arc::clone(&bookings);
            let (holds_max, closed_too) =
                (limits.sweep_holds_max, ticks % CLOSED_EVERY_TICKS < SWEEP_EVERY_TICKS);
            sweeping = tokio::spawn(async move {
                bookings.sweep(holds_max, closed_too).await;
                // What came back with that can be offered.
                bookings.call_up(limits.call_up_offers_max).await;
            });
        }
    }
    if let Err(error) = purging.await {
        tracing::error!(%error, "the last purge ended abnormally");
    }
    if let Err(error) = sweeping.await {
        tracing::error!(%error, "the last sweep ended abnormally");
    }
}

impl Bookings {
    /// Looks at the store: its clock, and what `look` takes in. A campaign that was counted after it closed keeps
    /// that count until everything is looked at.
    pub(super) async fn refresh(&self, look: Look) -> Result<(), StoreError> {
        let sending = self.clock.sending();
        let now = self.store.now().await?;
        self.clock.observe(sending, now);
        let earlier = self.view();
        let known: Vec<_> = if look >= Look::Campaigns {
            let campaigns = self.store.campaigns().await?.into_iter();
            campaigns.map(|campaign| earlier.same_or(campaign)).collect()
        } else {
            earlier.campaigns.values().map(|view| Arc::clone(&view.campaign)).collect()
        };
        let mut campaigns = BTreeMap::new();
        for campaign in known {
            let known = earlier.campaign(&campaign.id);
            if let Some(known) = known.filter(|known| look < Look::Everything && known.rests())
                && Arc::ptr_eq(&known.campaign, &campaign)
            {
                campaigns.insert(campaign.id.clone(), known.clone());
                continue;
            }
            let is_new = known.is_none();
            let availability = match self.look_at(&campaign.id, is_new, now).await {
                Ok(Some(availability)) => availability,
                Ok(None) => continue,
                Err(error @ StoreError::Unavailable { .. }) => return Err(error),
                Err(error) => {
                    // It keeps its old count, and the others get new ones (P20).
                    self.troubled.note(Some(&campaign.id), Some(&error));
                    if let Some(known) = known {
                        campaigns.insert(campaign.id.clone(), known.clone());
                    }
                    continue;
                }
            };
            self.troubled.note(Some(&campaign.id), None);
            #[expect(
                clippy::cast_precision_loss,
                reason = "the number of places is far below 2^52"
            )]
            gauge!("booking_places_left", "campaign" => campaign.id.to_string())
                .set(availability.places_left() as f64);
            campaigns.insert(campaign.id.clone(), CampaignView { campaign, availability });
        }
        self.queues.keep(campaigns.keys());
        self.view.store(Arc::new(View { generation: earlier.generation + 1, campaigns }));
        Ok(())
    }

    async fn look_at(
        &self,
        campaign: &CampaignId,
        is_new: bool,
        now: Timestamp,
    ) -> Result<Option<Availability>, StoreError> {
        if self.departures.take_missed(campaign, now) || is_new {
            let remembered = self.remember_departures(campaign, now).await;
            remembered.inspect_err(|_| self.departures.miss(campaign, now))?;
        }
        self.store.availability(campaign, now).await
    }

    /// Releases overdue holds of every campaign, or only of those that take new ones. If it fails, the next sweep
    /// tries again.
    pub(super) async fn sweep(&self, holds_max: u32, closed_too: bool) {
        let view = self.view();
        let due = view.campaigns.iter().filter(|(_, known)| closed_too || !known.rests());
        for (campaign, _) in due {
            let sweep = ReleaseExpiredHolds { campaign: campaign.clone(), holds_max };
            if let Err(failure) = self.submit(sweep).await {
                tracing::debug!(%failure, %campaign, "the sweep has to wait");
            }
        }
    }
}
