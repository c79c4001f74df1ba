//! Webhooks: goes along the events for each endpoint and sends what is due, until it is stopped.
//!
//! Any number of workers may run on one database. Each endpoint has a task of its own in each, so one that takes
//! nothing keeps no other waiting. Each delivery is lent to one worker at a time, for longer than sending it can take.
//! So it is sent twice only where somebody died, froze or lost the database between sending it and noting that,
//! and then it is the same message (P19). What is due first is sent first, a few at a time: the order is what
//! it mostly is, no promise.
//!
//! Times are those of the store's clock: that of the machine is not asked.

mod round;

use std::sync::Arc;
use std::time::Duration;

use booking::webhook::{Subscription, WebhookStore};
use booking::{BookingStore, StoreError};
use kernel::{Entropy, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use webhook::Sender;

use crate::rounds;

/// Links of events in one transaction. With more, what waits could go far beyond its bound.
const LINKS_MAX: u32 = 20;

/// Longer than a round takes: once to send, and the notes of it.
const LEASE: Duration = Duration::from_mins(2);

/// Deliveries to one endpoint that are under way at once.
const DELIVERIES_MAX: u32 = 8;

/// What was put off is sent at once when an endpoint takes messages again, but no more often than this: who takes every other
/// message would be asked for the rest without a pause, until they are given up.
const HASTEN_EVERY: Duration = Duration::from_hours(1);

/// What workers work with.
#[derive(Clone)]
pub struct Desk {
    /// The bookings, for their clock.
    pub bookings: Arc<dyn BookingStore>,
    /// What is to be told.
    pub webhooks: Arc<dyn WebhookStore>,
    /// Names of leases, and the spread of retries.
    pub entropy: Arc<dyn Entropy>,
    /// The time between two looks at what is due.
    pub every: Duration,
}

/// One endpoint: what it is told, and the way to it.
pub struct Receiver {
    /// What it is told.
    pub subscription: Subscription,
    /// The way to it.
    pub sender: Sender,
}

/// Running workers, one for each endpoint.
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts them.
    #[must_use]
    pub fn start(desk: &Desk, receivers: Vec<Receiver>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let tasks = receivers.into_iter().map(|receiver| {
            let (desk, stopped) = (desk.clone(), stopped.clone());
            let every = desk.every;
            let running = Running { desk, receiver, stopped: stopped.clone(), hastened_at: None };
            tokio::spawn(rounds::carry_out(running, every, stopped))
        });
        Self { stop, tasks: tasks.collect() }
    }

    /// Ends them after the deliveries that are under way.
    pub async fn finish(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if task.await.is_err() {
                tracing::error!("a webhook worker has ended in a panic");
            }
        }
    }

    /// Ends them wherever they are, as a power cut would.
    pub fn kill(self) {
        for task in self.tasks {
            task.abort();
        }
    }
}

struct Running {
    desk: Desk,
    receiver: Receiver,
    stopped: watch::Receiver<bool>,
    /// When what was put off was last made due.
    hastened_at: Option<Timestamp>,
}

impl Running {
    async fn follow(&self) -> Result<(), StoreError> {
        let (webhooks, subscription) = (&self.desk.webhooks, &self.receiver.subscription);
        let campaigns = webhooks.news_for(subscription).await?;
        let page = |campaign| async move {
            Ok(webhooks.follow_for(subscription, campaign, LINKS_MAX).await?.more)
        };
        rounds::follow(&campaigns, &self.stopped, page, |campaign, error| {
            let endpoint = &subscription.endpoint;
            tracing::warn!(%endpoint, %campaign, %error, "failed to follow events");
        })
        .await
    }
}

#[cfg(test)]
mod tests;
