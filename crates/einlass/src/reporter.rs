//! The booking API's reports to the waiting room: load, places left, departures. In the background,
//! never on a request's path.

mod round;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use booking::{BookingReport, Bookings};
use kernel::CampaignId;
use pass::SignalsCredential;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;
use web::trace::Tracing;

use crate::traces::traced;
use round::{Reported, Rounds, Told};

const REPORT_TIME_MAX: Duration = Duration::from_secs(2);
/// Reports on their way at the same time.
const REPORTS_MAX: usize = 16;
/// How long a service that stops tries to tell of its last departures.
const LAST_TIME_MAX: Duration = Duration::from_secs(3);

/// Reports for all campaigns of one booking service.
pub struct Reporter {
    bookings: Arc<Bookings>,
    client: reqwest::Client,
    room_url: reqwest::Url,
    credential: SignalsCredential,
    tracing: Option<Tracing>,
}

/// The running reports of one booking service.
pub struct Reporting {
    reporter: Arc<Reporter>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Reporting {
    /// Reports from now on, each campaign once in `every`.
    #[must_use]
    pub fn start(reporter: Reporter, every: Duration) -> Self {
        let reporter = Arc::new(reporter);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Arc::clone(&reporter).keep_reporting(every, stopped));
        Self { reporter, stop, task }
    }

    /// Reports what there is left to report, and ends (P19). Call it when nothing is booked any
    /// more; it takes a few seconds at most, the longest if the waiting room does not answer.
    pub async fn finish(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the reporter ended abnormally");
        }
        if tokio::time::timeout(LAST_TIME_MAX, self.reporter.report_last()).await.is_err() {
            tracing::warn!(
                "the last departures were not reported in time; they count as present until their passes end"
            );
        }
    }
}

impl Reporter {
    /// Reports to the waiting room at `room_url`, showing each room what `credential` derives for it.
    pub fn new(
        bookings: Arc<Bookings>,
        room_url: &str,
        credential: SignalsCredential,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            bookings,
            client: reqwest::Client::builder().timeout(REPORT_TIME_MAX).build()?,
            room_url: room_url.parse()?,
            credential,
            tracing: None,
        })
    }

    /// The same, and every report is a trace.
    #[must_use]
    pub fn traced(self, tracing: Option<Tracing>) -> Self {
        Self { tracing, ..self }
    }

    /// Reports over and over, the campaigns side by side: a slow room delays no other one.
    async fn keep_reporting(self: Arc<Self>, every: Duration, mut stopped: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut rounds = Rounds::default();
        let mut reports = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => break,
                Some(ended) = reports.join_next_with_id() => {
                    let (id, is_told) = match ended {
                        Ok((id, result)) => (id, result),
                        Err(panicked) => (panicked.id(), Err(panicked.into())),
                    };
                    log(rounds.ended(id, &is_told), &is_told);
                }
                _ = ticks.tick() => rounds.begin(self.bookings.view().campaigns.keys()),
            }
            while reports.len() < REPORTS_MAX
                && let Some(campaign) = rounds.next()
            {
                let (reporter, about) = (Arc::clone(&self), campaign.clone());
                let report = reports.spawn(async move { reporter.report(&about).await });
                rounds.started(report.id(), campaign);
            }
        }
        while reports.join_next().await.is_some() {}
    }

    /// Tells of all departures that were not told yet.
    async fn report_last(&self) {
        // The places are those of a moment ago; how many passes are gone matters more.
        if let Err(error) = Arc::clone(&self.bookings).count_now().await {
            tracing::warn!(%error, "the places could not be counted for a last report");
        }
        let view = self.bookings.view();
        for campaign in view.campaigns.keys() {
            while let Some(report) = self.bookings.report(campaign).await
                && !report.departures.is_empty()
            {
                if let Err(error) = self.send(campaign, &report).await {
                    let (departures, error) = (report.departures.len(), format!("{error:#}"));
                    tracing::warn!(%campaign, departures, error, "the last departures were not reported");
                    break;
                }
            }
        }
    }

    /// Reports once, and again as long as more people leave than one report can tell: whoever is not reported
    /// takes the place of somebody who waits.
    async fn report(&self, campaign: &CampaignId) -> anyhow::Result<Reported> {
        let mut reported = Reported::Nothing;
        while let Some(report) = self.bookings.report(campaign).await {
            if let Err(error) = self.send(campaign, &report).await {
                self.bookings.return_departures(campaign, report.departures);
                return Err(error);
            }
            reported = Reported::Arrived;
            if !report.is_full() {
                break;
            }
        }
        Ok(reported)
    }

    async fn send(&self, campaign: &CampaignId, report: &BookingReport) -> anyhow::Result<()> {
        let url = self.room_url.join(&format!("/v1/rooms/{campaign}/signals"))?;
        let token = self.credential.derive(campaign);
        let request = self.client.post(url).bearer_auth(&*token).json(report);
        traced(self.tracing.as_ref(), "report", request).await?.error_for_status()?;
        Ok(())
    }
}

fn log(told: Option<(CampaignId, Told)>, result: &anyhow::Result<Reported>) {
    match (told, result) {
        (Some((campaign, Told::Fails)), Err(error)) => {
            let error = format!("{error:#}");
            tracing::warn!(%campaign, error, "the reports do not get through; they are tried again and again");
        }
        (Some((campaign, Told::Works)), _) => {
            tracing::info!(%campaign, "the reports get through again");
        }
        (Some((_, Told::Fails)) | None, _) => {}
    }
}
