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

use std::mem::{self, Discriminant};
use std::sync::Arc;
use std::time::Duration;

use booking::{Lease, LeaseId, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};

pub use office::{Known, Office, Pace};

use self::round::Round;
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
        let running =
            Running { office: Arc::new(office), pace: pace.into(), stopped, trouble: None };
        Self { stop, task: tokio::spawn(running.run(lanes)) }
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
    stopped: watch::Receiver<bool>,
    /// What kind of trouble the last round was in, if it could not be carried out: each is told once.
    trouble: Option<Discriminant<StoreError>>,
}

fn interval(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

impl Running {
    async fn run(mut self, mut lanes: Vec<Box<dyn Transport>>) {
        let mut rounds = interval(self.office.pace.every);
        let mut stopped = self.stopped.clone();
        while !*self.stopped.borrow() {
            // The round itself is never dropped: it ends by itself when the worker is stopped.
            tokio::select! {
                _ = rounds.tick() => {}
                _ = stopped.changed() => break,
            }
            loop {
                let round = self.round(&mut lanes).await;
                let trouble = round.as_ref().err().map(mem::discriminant);
                if let Err(error) = &round
                    && self.trouble != trouble
                {
                    tracing::warn!(%error, "letters have to wait");
                }
                self.trouble = trouble;
                if !round.unwrap_or(false) || *self.stopped.borrow() {
                    break;
                }
            }
        }
    }

    /// Follows the events and sends what is due; whether there may be more.
    async fn round(&self, lanes: &mut [Box<dyn Transport>]) -> Result<bool, StoreError> {
        let office = &self.office;
        // Who can read nobody, with the wrong key say, keeps letters from those who can.
        office.bookings.ready().await?;
        for campaign in office.mails.campaigns_with_news().await? {
            let mut more = true;
            while more && !*self.stopped.borrow() {
                match office.mails.follow_events(&campaign, &office.rules(), LINKS_MAX).await {
                    Ok(followed) => more = followed.more,
                    Err(error @ StoreError::Unavailable { .. }) => return Err(error),
                    Err(error) => {
                        // The other campaigns get their letters (P20).
                        tracing::warn!(%campaign, %error, "failed to make letters of events");
                        more = false;
                    }
                }
            }
        }
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
        let went_well = round.send(lanes).await;
        #[expect(clippy::cast_precision_loss, reason = "letters are far fewer than 2^52")]
        metrics::gauge!("booking_mail_due").set(office.mails.mails_due(now).await? as f64);
        Ok(is_full && went_well)
    }
}

#[cfg(test)]
mod tests;
