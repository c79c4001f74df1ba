//! The store as the port of webhooks sees it.

use async_trait::async_trait;
use booking::StoreError;
use booking::webhook::{
    Delivery, DeliveryLease, DeliverySettlement, EndpointName, EndpointStanding, FollowedFor,
    MessageId, Subscription, WebhookStore,
};
use kernel::{CampaignId, Timestamp};

use super::{DbStore, Session};
use crate::batch::retry;
use crate::reach::Access;

#[async_trait]
impl WebhookStore for DbStore {
    async fn register_endpoint(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let endpoint = endpoint.clone();
        let note = move |db: Session| async move {
            retry(db.deadline, || db.note_endpoint(&endpoint, now)).await
        };
        self.call(Access::Write, note).await
    }

    async fn endpoint(
        &self,
        endpoint: &EndpointName,
    ) -> Result<Option<EndpointStanding>, StoreError> {
        let endpoint = endpoint.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_endpoints(Some(&endpoint))).await
        };
        self.call(Access::Watch, read).await.map(|found| found.into_iter().next())
    }

    async fn endpoints(&self) -> Result<Vec<EndpointStanding>, StoreError> {
        let read =
            |db: Session| async move { retry(db.deadline, || db.read_endpoints(None)).await };
        self.call(Access::Read, read).await
    }

    async fn disable_endpoint(
        &self,
        endpoint: &EndpointName,
        disabled_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let endpoint = endpoint.clone();
        let note = move |db: Session| async move {
            retry(db.deadline, || db.note_disabled(&endpoint, disabled_at)).await
        };
        self.call(Access::Write, note).await
    }

    async fn forget_endpoint(&self, endpoint: &EndpointName) -> Result<bool, StoreError> {
        let endpoint = endpoint.clone();
        let forget = move |db: Session| async move {
            retry(db.deadline, || db.forget_known_endpoint(&endpoint)).await
        };
        self.call(Access::Write, forget).await
    }

    async fn news_for(&self, subscription: &Subscription) -> Result<Vec<CampaignId>, StoreError> {
        let subscription = subscription.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_news_for(&subscription)).await
        };
        self.call(Access::Watch, read).await
    }

    async fn follow_for(
        &self,
        subscription: &Subscription,
        campaign: &CampaignId,
        links_max: u32,
    ) -> Result<FollowedFor, StoreError> {
        let (subscription, campaign) = (subscription.clone(), campaign.clone());
        let follow = move |db: Session| async move {
            retry(db.deadline, || db.follow_events_for(&subscription, &campaign, links_max)).await
        };
        self.call(Access::Write, follow).await
    }

    async fn lease_deliveries(
        &self,
        endpoint: &EndpointName,
        lease: &DeliveryLease,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (endpoint, lease) = (endpoint.clone(), *lease);
        let lend = move |db: Session| async move {
            retry(db.deadline, || db.lend_deliveries(&endpoint, &lease)).await
        };
        self.call(Access::Write, lend).await
    }

    async fn settle_deliveries(
        &self,
        settlements: &[DeliverySettlement],
    ) -> Result<(), StoreError> {
        let settlements = settlements.to_vec();
        let settle = move |db: Session| async move {
            retry(db.deadline, || db.settle_deliveries_of(&settlements)).await
        };
        self.call(Access::Write, settle).await
    }

    async fn hasten_deliveries(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let endpoint = endpoint.clone();
        let hasten = move |db: Session| async move {
            retry(db.deadline, || db.hasten_deliveries_of(&endpoint, now)).await
        };
        self.call(Access::Write, hasten).await
    }

    async fn failed_deliveries(
        &self,
        endpoint: &EndpointName,
        after: Option<&MessageId>,
        deliveries_max: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (endpoint, after) = (endpoint.clone(), after.cloned());
        let read = move |db: Session| async move {
            let read = || db.read_failed_deliveries(&endpoint, after.as_ref(), deliveries_max);
            retry(db.deadline, read).await
        };
        self.call(Access::Read, read).await
    }

    async fn retry_deliveries(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let endpoint = endpoint.clone();
        let again = move |db: Session| async move {
            retry(db.deadline, || db.retry_deliveries_of(&endpoint, now)).await
        };
        self.call(Access::Write, again).await
    }
}
