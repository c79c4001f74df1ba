//! The deliveries of one lease.

use booking::webhook::{Delivery, DeliveryEnd, DeliveryLease, DeliverySettlement};
use booking::{LeaseId, StoreError};
use futures_util::future::join_all;
use kernel::Timestamp;
use tokio::time::Instant;
use webhook::{Answer, Message, schedule};

use super::{DELIVERIES_MAX, HASTEN_EVERY, LEASE, Running};
use crate::rounds::{self, Rounds};

/// What came of one attempt.
struct Tried {
    settlement: DeliverySettlement,
    is_gone: bool,
    /// Taken, after it was not.
    is_recovered: bool,
}

impl Rounds for Running {
    fn tell(&self, error: &StoreError) {
        let endpoint = &self.receiver.subscription.endpoint;
        tracing::warn!(%endpoint, %error, "webhooks have to wait");
    }

    async fn round(&mut self) -> Result<bool, StoreError> {
        let (desk, endpoint) = (self.desk.clone(), self.receiver.subscription.endpoint.clone());
        let endpoint = &endpoint;
        let (begun_at, since) = (desk.bookings.now().await?, Instant::now());
        match desk.webhooks.endpoint(endpoint).await? {
            None => desk.webhooks.register_endpoint(endpoint, begun_at).await?,
            Some(standing) if standing.disabled_at.is_some() => return Ok(false),
            Some(standing) => measure(endpoint.as_str(), standing.waiting),
        }
        self.follow().await?;
        let from = begun_at.plus(since.elapsed());
        let lease = DeliveryLease {
            id: LeaseId(desk.entropy.bytes()),
            from,
            until: from.plus(LEASE),
            deliveries_max: DELIVERIES_MAX,
        };
        let deliveries = desk.webhooks.lease_deliveries(endpoint, &lease).await?;
        let is_full = deliveries.len() >= usize::try_from(DELIVERIES_MAX).unwrap_or(usize::MAX);
        if deliveries.is_empty() {
            return Ok(false);
        }
        let now = || begun_at.plus(since.elapsed());
        let tried = deliveries.iter().map(|delivery| self.attempt(delivery, lease.id, now));
        let tried = join_all(tried).await;
        let is_gone = tried.iter().any(|tried| tried.is_gone);
        let is_recovered = tried.iter().any(|tried| tried.is_recovered);
        let settlements: Vec<_> = tried.into_iter().map(|tried| tried.settlement).collect();
        self.note(&settlements).await;
        if is_gone {
            tracing::warn!(%endpoint, "the endpoint says that it is gone, and is told nothing any more");
            desk.webhooks.disable_endpoint(endpoint, Some(now())).await?;
        }
        let is_hastened = is_recovered && self.hasten(begun_at).await?;
        Ok(is_full || is_hastened)
    }
}

impl Running {
    /// Makes due what was put off, unless that was done a short while ago; whether it has.
    async fn hasten(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        if self.hastened_at.is_some_and(|at| now < at.plus(HASTEN_EVERY)) {
            return Ok(false);
        }
        let endpoint = &self.receiver.subscription.endpoint;
        self.desk.webhooks.hasten_deliveries(endpoint, now).await?;
        self.hastened_at = Some(now);
        Ok(true)
    }

    async fn attempt(
        &self,
        delivery: &Delivery,
        lease: LeaseId,
        now: impl Fn() -> Timestamp,
    ) -> Tried {
        let message = Message { id: delivery.id.to_string(), body: delivery.body.clone() };
        let answer = self.receiver.sender.send(&message, now()).await;
        let is_gone = answer == Answer::Gone;
        let is_recovered = answer == Answer::Taken && delivery.reason.is_some();
        let end = match answer {
            Answer::Taken => DeliveryEnd::Taken,
            // It waits until somebody turns the endpoint on again.
            Answer::Gone => DeliveryEnd::Later { due_at: now(), reason: "status 410".to_owned() },
            Answer::NotTaken(refused) => {
                let reason = refused.reason.to_string();
                let (attempts, asked) = (delivery.attempts, refused.retry_after);
                match schedule::wait_after(attempts, asked, &*self.desk.entropy) {
                    Some(wait) => DeliveryEnd::Later { due_at: now().plus(wait), reason },
                    None => DeliveryEnd::Failed { at: now(), reason },
                }
            }
        };
        count(delivery, &end);
        let (endpoint, id) = (delivery.endpoint.clone(), delivery.id.clone());
        Tried { settlement: DeliverySettlement { endpoint, id, lease, end }, is_gone, is_recovered }
    }

    async fn note(&self, settlements: &[DeliverySettlement]) {
        let endpoint = &self.receiver.subscription.endpoint;
        let settle = || self.desk.webhooks.settle_deliveries(settlements);
        rounds::note(settle, |error| {
            tracing::warn!(%endpoint, %error, "failed to note what became of deliveries");
        })
        .await;
    }
}

fn measure(endpoint: &str, waiting: u64) {
    #[expect(clippy::cast_precision_loss, reason = "ten thousand or so wait at most")]
    metrics::gauge!("booking_webhooks_waiting", "endpoint" => endpoint.to_owned())
        .set(waiting as f64);
}

fn count(delivery: &Delivery, end: &DeliveryEnd) {
    let Delivery { endpoint, id, .. } = delivery;
    let outcome = match end {
        DeliveryEnd::Taken => "taken",
        DeliveryEnd::Failed { reason, .. } => {
            tracing::warn!(%endpoint, %id, reason, "a message is given up");
            "failed"
        }
        DeliveryEnd::Later { .. } => "later",
    };
    let endpoint = endpoint.to_string();
    metrics::counter!("booking_webhooks_total", "endpoint" => endpoint, "outcome" => outcome)
        .increment(1);
}
