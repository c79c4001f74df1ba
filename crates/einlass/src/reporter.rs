//! The booking API's reports to the waiting room: load, places left, departures. In the background,
//! never on a request's path.

use std::sync::Arc;
use std::time::Duration;

use booking::{Bookings, Signals};
use kernel::{CampaignId, Timestamp};
use pass::PassId;
use serde::Serialize;
use tokio::time::MissedTickBehavior;

const REPORT_TIME_MAX: Duration = Duration::from_secs(2);

/// Reports for all campaigns of one booking service.
pub struct Reporter {
    bookings: Arc<Bookings>,
    client: reqwest::Client,
    room_url: reqwest::Url,
    credential: String,
}

/// The body of `POST /v1/rooms/{room}/signals`.
#[derive(Serialize)]
struct Report<'a> {
    as_of: Timestamp,
    places_left: u64,
    load: Load,
    departures: &'a [PassId],
}

#[derive(Serialize)]
struct Load {
    queue_depth: usize,
    queue_depth_max: usize,
}

impl Reporter {
    /// Reports to the waiting room at `room_url`, showing `credential`.
    pub fn new(bookings: Arc<Bookings>, room_url: &str, credential: &str) -> anyhow::Result<Self> {
        Ok(Self {
            bookings,
            client: reqwest::Client::builder().timeout(REPORT_TIME_MAX).build()?,
            room_url: room_url.parse()?,
            credential: credential.to_owned(),
        })
    }

    /// Reports over and over. Runs until it is dropped.
    pub async fn keep_reporting(&self, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let view = self.bookings.view();
            for campaign in view.campaigns.keys() {
                self.report(campaign).await;
            }
        }
    }

    async fn report(&self, campaign: &CampaignId) {
        let Some(signals) = self.bookings.take_signals(campaign) else { return };
        if let Err(error) = self.send(campaign, &signals).await {
            tracing::warn!(%campaign, error = format!("{error:#}"), "the report did not get through");
            self.bookings.return_departures(campaign, signals.departures);
        }
    }

    async fn send(&self, campaign: &CampaignId, signals: &Signals) -> anyhow::Result<()> {
        let url = self.room_url.join(&format!("/v1/rooms/{campaign}/signals"))?;
        let report = Report {
            as_of: signals.as_of,
            places_left: signals.places_left,
            load: Load {
                queue_depth: signals.queue_depth,
                queue_depth_max: signals.queue_depth_max,
            },
            departures: &signals.departures,
        };
        let request = self.client.post(url).bearer_auth(&self.credential).json(&report);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}
