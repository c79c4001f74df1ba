//! The port to where deliveries are kept.

use async_trait::async_trait;
use kernel::{CampaignId, Timestamp};

use super::{
    Delivery, DeliverySettlement, EndpointName, EndpointStanding, MessageId, Subscription,
};
use crate::mail::LeaseId;
use crate::store::StoreError;

/// A wish for deliveries to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryLease {
    /// Under which name.
    pub id: LeaseId,
    /// When it begins.
    pub from: Timestamp,
    /// When others may have them again.
    pub until: Timestamp,
    /// How many at most.
    pub deliveries_max: u32,
}

/// What following the events of a campaign for an endpoint came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowedFor {
    /// Deliveries that were not there before.
    pub deliveries: u64,
    /// Whether there are further events that may be followed now.
    pub more: bool,
}

/// Where deliveries are kept, beside the events that they follow from.
///
/// Any number of workers may use it at the same time. [`crate::contract::webhook`] says what every adapter
/// must do. As to how calls end, see [`crate::BookingStore`].
#[async_trait]
pub trait WebhookStore: Send + Sync {
    /// Makes an endpoint known, if it is not yet: it is told what happens from now on, and nothing of what has happened.
    async fn register_endpoint(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// How a known endpoint stands.
    async fn endpoint(
        &self,
        endpoint: &EndpointName,
    ) -> Result<Option<EndpointStanding>, StoreError>;

    /// How all known endpoints stand, in the order of their names.
    async fn endpoints(&self) -> Result<Vec<EndpointStanding>, StoreError>;

    /// Notes that an endpoint is told nothing from now on, or that it is again. False if it is not known.
    async fn disable_endpoint(
        &self,
        endpoint: &EndpointName,
        disabled_at: Option<Timestamp>,
    ) -> Result<bool, StoreError>;

    /// Forgets an endpoint and all that waits for it. False if it is not known.
    async fn forget_endpoint(&self, endpoint: &EndpointName) -> Result<bool, StoreError>;

    /// The campaigns of a subscription, also such as were removed, in which something has happened that its endpoint's reader
    /// has not come to.
    async fn news_for(&self, subscription: &Subscription) -> Result<Vec<CampaignId>, StoreError>;

    /// Keeps what [`super::follow`]s for an endpoint from the next events of a campaign, of `links_max` links at most, and how
    /// far its reader has come, in one transaction. While
    /// [`super::Waiting::is_full`] it keeps and reads nothing.
    async fn follow_for(
        &self,
        subscription: &Subscription,
        campaign: &CampaignId,
        links_max: u32,
    ) -> Result<FollowedFor, StoreError>;

    /// Lends deliveries of an endpoint that are due, those first that have been due for longer, and of these those of earlier
    /// events. Until the lease ends nobody else gets them.
    async fn lease_deliveries(
        &self,
        endpoint: &EndpointName,
        lease: &DeliveryLease,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Notes what became of deliveries. That one was taken counts whoever has it by now; anything else counts only under the
    /// lease in force. One that was taken is kept no longer; of those that were given up the latest
    /// [`super::FAILED_MAX`] of an endpoint are.
    async fn settle_deliveries(&self, settlements: &[DeliverySettlement])
    -> Result<(), StoreError>;

    /// Makes all deliveries of an endpoint due now that wait for a later attempt and are not lent; what was tried stays so.
    async fn hasten_deliveries(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The deliveries of an endpoint that were given up, with an id after `after`, in the order of their ids, at most so
    /// many.
    async fn failed_deliveries(
        &self,
        endpoint: &EndpointName,
        after: Option<&MessageId>,
        deliveries_max: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Makes all deliveries of an endpoint due now that were given up, or wait for a later attempt, as if nobody had tried
    /// them yet. How many.
    async fn retry_deliveries(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
}
