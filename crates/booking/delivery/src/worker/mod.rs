//! The worker: makes letters of events and sends what is due, until it is stopped.
//!
//! Any number may run on one database. Each letter is lent to one of them at a time, and no letter is
//! begun that could outlast its lease. So a letter is sent twice only where somebody died, froze or lost
//! the database between handing it over and noting that, and then it is the same letter.
//!
//! Times are those of the store's clock: that of the machine is not asked.

mod backoff;
mod office;
mod prepare;
mod round;

use std::sync::Arc;
use std::time::Duration;

use booking::{Lease, LeaseId, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Interval;

pub use office::{Known, Office, Pace};

use self::round::Round;
use crate::rounds::{self, Rounds, interval};
use crate::transport::Transport;

/// Links of events in one transaction.
const LINKS_MAX: u32 = 200;

/// Longer than a round of letters takes, much longer than a letter.
const LEASE: Duration = Duration::from_mins(5);

/// Letters of one round.
const MAILS_MAX: u32 = 50;

/// A running worker.
pub struct Worker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts a worker that hands letters to these transports, one at a time to each.
    #[must_use]
    pub fn start(office: Office, lanes: Vec<Box<dyn Transport>>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let pace = interval(Duration::from_mins(1) / office.pace.mails_per_minute.max(1));
        let every = office.pace.every;
        let running = Running {
            office: Arc::new(office),
            pace: pace.into(),
            lanes,
            stopped: stopped.clone(),
        };
        Self { stop, task: tokio::spawn(rounds::carry_out(running, every, stopped)) }
    }

    /// Ends it after the letters that are being handed over.
    pub async fn finish(self) {
        self.stop.send_replace(true);
        if self.task.await.is_err() {
            tracing::error!("the mail worker has ended in a panic");
        }
    }

    /// Ends it wherever it is, as a power cut would.
    pub fn kill(self) {
        self.task.abort();
    }
}

struct Running {
    office: Arc<Office>,
    pace: tokio::sync::Mutex<Interval>,
    lanes: Vec<Box<dyn Transport>>,
    stopped: watch::Receiver<bool>,
}

impl Rounds for Running {
    fn tell(&self, error: &StoreError) {
        tracing::warn!(%error, "letters have to wait");
    }

    async fn round(&mut self) -> Result<bool, StoreError> {
        let office = &self.office;
        // Who can read nobody, with the wrong key say, keeps letters from those who can.
        office.bookings.ready().await?;
        let campaigns = office.mails.campaigns_with_news().await?;
        let (mails, rules) = (&office.mails, &office.rules());
        let page = |campaign| async move {
            Ok(mails.follow_events(campaign, rules, LINKS_MAX).await?.more)
        };
        rounds::follow(&campaigns, &self.stopped, page, |campaign, error| {
            tracing::warn!(%campaign, %error, "failed to make letters of events");
        })
        .await?;
        let now = office.bookings.now().await?;
        let since = tokio::time::Instant::now();
        let lease = Lease {
            id: LeaseId(office.entropy.bytes()),
            from: now,
            until: now.plus(LEASE),
            mails_max: MAILS_MAX,
        };
        let mails = office.mails.lease_mails(&lease).await?;
        let is_full = mails.len() >= usize::try_from(MAILS_MAX).unwrap_or(usize::MAX);
        let round = Round::new(office, &self.pace, self.stopped.clone(), lease, since, mails);
        let went_well = round.send(&mut self.lanes).await;
        #[expect(clippy::cast_precision_loss, reason = "letters are far fewer than 2^52")]
        metrics::gauge!("booking_mail_due").set(office.mails.mails_due(now).await? as f64);
        Ok(is_full && went_well)
    }
}

#[cfg(test)]
mod tests;
