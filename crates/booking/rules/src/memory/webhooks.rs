//! Deliveries of the model.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kernel::{CampaignId, Timestamp};

use super::{MemoryStore, Tables};
use crate::mail::LeaseId;
use crate::store::StoreError;
use crate::webhook::{
    Delivery, DeliveryEnd, DeliveryLease, DeliverySettlement, EndpointName, EndpointStanding,
    FAILED_MAX, FollowedFor, MessageId, NewDelivery, Subscription, Waiting, WebhookStore, follow,
};

/// The endpoints, by their names.
#[derive(Default)]
pub(super) struct WebhookTables(BTreeMap<EndpointName, Known>);

/// An endpoint, how far the events of each campaign have been followed for it, and its deliveries.
struct Known {
    since: Timestamp,
    disabled_at: Option<Timestamp>,
    readers: BTreeMap<CampaignId, u64>,
    deliveries: BTreeMap<MessageId, Kept>,
}

struct Kept {
    delivery: Delivery,
    lease: Option<LeaseId>,
}

impl Kept {
    fn waits(&self) -> bool {
        self.delivery.failed_at.is_none()
    }
}

impl Known {
    fn standing(&self, endpoint: &EndpointName) -> EndpointStanding {
        let waiting = self.waiting().all;
        EndpointStanding {
            endpoint: endpoint.clone(),
            known_since: self.since,
            disabled_at: self.disabled_at,
            waiting,
            failed: self.deliveries.len() as u64 - waiting,
        }
    }

    fn waiting(&self) -> Waiting {
        let waiting = || self.deliveries.values().filter(|kept| kept.waits());
        let untried = waiting().filter(|kept| kept.delivery.attempts == 0);
        Waiting { untried: untried.count() as u64, all: waiting().count() as u64 }
    }

    fn read(&self, campaign: &CampaignId) -> u64 {
        self.readers.get(campaign).copied().unwrap_or(0)
    }

    fn add(&mut self, endpoint: &EndpointName, new: NewDelivery) {
        let NewDelivery { id, kind, body, made_at } = new;
        let delivery = Delivery {
            endpoint: endpoint.clone(),
            id: id.clone(),
            kind,
            body,
            made_at,
            due_at: made_at,
            attempts: 0,
            failed_at: None,
            reason: None,
        };
        self.deliveries.insert(id, Kept { delivery, lease: None });
    }

    fn settle(&mut self, settlement: &DeliverySettlement) {
        let Some(kept) = self.deliveries.get_mut(&settlement.id) else { return };
        let is_in_force = kept.lease == Some(settlement.lease);
        if !kept.waits() || !(is_in_force || settlement.end == DeliveryEnd::Taken) {
            return;
        }
        kept.lease = None;
        match settlement.end.clone() {
            DeliveryEnd::Taken => {
                self.deliveries.remove(&settlement.id);
            }
            DeliveryEnd::Later { due_at, reason } => {
                kept.delivery.due_at = due_at;
                kept.delivery.reason = Some(reason);
            }
            DeliveryEnd::Failed { at, reason } => {
                kept.delivery.failed_at = Some(at);
                kept.delivery.reason = Some(reason);
                self.forget_earlier_failures();
            }
        }
    }

    fn forget_earlier_failures(&mut self) {
        let failed = self
            .deliveries
            .values()
            .filter_map(|kept| Some((kept.delivery.failed_at?, kept.delivery.id.clone())));
        let mut failed: Vec<_> = failed.collect();
        failed.sort();
        let surplus =
            failed.len().saturating_sub(usize::try_from(FAILED_MAX).unwrap_or(usize::MAX));
        for (_, id) in &failed[..surplus] {
            self.deliveries.remove(id);
        }
    }
}

impl WebhookTables {
    fn in_order(&self, endpoint: &EndpointName) -> impl Iterator<Item = &Kept> {
        self.0.get(endpoint).into_iter().flat_map(|known| known.deliveries.values())
    }
}

#[async_trait]
impl WebhookStore for MemoryStore {
    async fn register_endpoint(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let ends =
            |(campaign, _): (&CampaignId, _)| (campaign.clone(), tables.chain_end(campaign).number);
        let readers = tables.events.iter().map(ends).collect();
        let known =
            Known { since: now, disabled_at: None, readers, deliveries: BTreeMap::default() };
        tables.webhooks.0.entry(endpoint.clone()).or_insert(known);
        Ok(())
    }

    async fn endpoint(
        &self,
        endpoint: &EndpointName,
    ) -> Result<Option<EndpointStanding>, StoreError> {
        let tables = self.tables();
        Ok(tables.webhooks.0.get(endpoint).map(|known| known.standing(endpoint)))
    }

    async fn endpoints(&self) -> Result<Vec<EndpointStanding>, StoreError> {
        let tables = self.tables();
        Ok(tables.webhooks.0.iter().map(|(endpoint, known)| known.standing(endpoint)).collect())
    }

    async fn disable_endpoint(
        &self,
        endpoint: &EndpointName,
        disabled_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let Some(known) = tables.webhooks.0.get_mut(endpoint) else { return Ok(false) };
        known.disabled_at = disabled_at;
        Ok(true)
    }

    async fn forget_endpoint(&self, endpoint: &EndpointName) -> Result<bool, StoreError> {
        Ok(self.tables().webhooks.0.remove(endpoint).is_some())
    }

    async fn news_for(&self, subscription: &Subscription) -> Result<Vec<CampaignId>, StoreError> {
        let tables = self.tables();
        let known = tables.webhooks.0.get(&subscription.endpoint);
        let has_news = |campaign: &&CampaignId| {
            let read = known.map_or(0, |known| known.read(campaign));
            subscription.covers(campaign) && tables.chain_end(campaign).number > read
        };
        Ok(tables.events.keys().filter(has_news).cloned().collect())
    }

    async fn follow_for(
        &self,
        subscription: &Subscription,
        campaign: &CampaignId,
        links_max: u32,
    ) -> Result<FollowedFor, StoreError> {
        const NOTHING: FollowedFor = FollowedFor { deliveries: 0, more: false };
        let mut tables = self.tables();
        let Tables { webhooks, events, .. } = &mut *tables;
        let Some(known) = webhooks.0.get_mut(&subscription.endpoint) else { return Ok(NOTHING) };
        if known.waiting().is_full() {
            return Ok(NOTHING);
        }
        let after = known.read(campaign);
        let links_max = usize::try_from(links_max).unwrap_or(usize::MAX);
        let links = events.get(campaign).into_iter().flatten();
        let mut links = links.filter(|link| link.last > after);
        let (mut deliveries, mut read) = (0, after);
        for link in links.by_ref().take(links_max) {
            for new in follow(link, after, subscription) {
                known.add(&subscription.endpoint, new);
                deliveries += 1;
            }
            read = link.last;
        }
        known.readers.insert(campaign.clone(), read);
        Ok(FollowedFor { deliveries, more: links.next().is_some() })
    }

    async fn lease_deliveries(
        &self,
        endpoint: &EndpointName,
        lease: &DeliveryLease,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut tables = self.tables();
        let Some(known) = tables.webhooks.0.get_mut(endpoint) else { return Ok(Vec::new()) };
        let is_due = |kept: &&mut Kept| kept.waits() && kept.delivery.due_at <= lease.from;
        let mut due: Vec<&mut Kept> = known.deliveries.values_mut().filter(is_due).collect();
        due.sort_by_key(|kept| (kept.delivery.due_at, kept.delivery.id.number));
        let deliveries_max = usize::try_from(lease.deliveries_max).unwrap_or(usize::MAX);
        let lent = due.into_iter().take(deliveries_max).map(|kept| {
            kept.lease = Some(lease.id);
            kept.delivery.due_at = lease.until;
            kept.delivery.attempts += 1;
            kept.delivery.clone()
        });
        Ok(lent.collect())
    }

    async fn settle_deliveries(
        &self,
        settlements: &[DeliverySettlement],
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for settlement in settlements {
            if let Some(known) = tables.webhooks.0.get_mut(&settlement.endpoint) {
                known.settle(settlement);
            }
        }
        Ok(())
    }

    async fn hasten_deliveries(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let Some(known) = tables.webhooks.0.get_mut(endpoint) else { return Ok(()) };
        let put_off = known
            .deliveries
            .values_mut()
            .filter(|kept| kept.waits() && kept.lease.is_none() && kept.delivery.due_at > now);
        for kept in put_off {
            kept.delivery.due_at = now;
        }
        Ok(())
    }

    async fn failed_deliveries(
        &self,
        endpoint: &EndpointName,
        after: Option<&MessageId>,
        deliveries_max: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let tables = self.tables();
        let is_asked =
            |kept: &&Kept| !kept.waits() && after.is_none_or(|after| kept.delivery.id > *after);
        let deliveries_max = usize::try_from(deliveries_max).unwrap_or(usize::MAX);
        let failed = tables.webhooks.in_order(endpoint).filter(is_asked).take(deliveries_max);
        Ok(failed.map(|kept| kept.delivery.clone()).collect())
    }

    async fn retry_deliveries(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let Some(known) = tables.webhooks.0.get_mut(endpoint) else { return Ok(0) };
        // What is lent is being tried.
        let put_off = known.deliveries.values_mut().filter(|kept| kept.lease.is_none());
        let mut retried = 0;
        for kept in put_off {
            kept.delivery.failed_at = None;
            kept.delivery.attempts = 0;
            kept.delivery.due_at = now;
            retried += 1;
        }
        Ok(retried)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::ManualClock;

    use super::*;
    use crate::contract::scene;
    use crate::store::BookingStore;

    struct Fixture(MemoryStore);

    impl Fixture {
        fn store(&self) -> &dyn BookingStore {
            &self.0
        }

        fn webhooks(&self) -> &dyn WebhookStore {
            &self.0
        }
    }

    #[expect(clippy::unused_async, reason = "adapters need to wait for their database")]
    async fn fresh() -> Fixture {
        Fixture(MemoryStore::new(Arc::new(ManualClock::at(scene::at(0)))))
    }

    crate::webhook_store_contract!(fresh);
}
