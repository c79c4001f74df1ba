//! How an endpoint stands, and what becomes of its deliveries.

use kernel::Timestamp;

use super::{EndpointName, MessageId};
use crate::mail::LeaseId;

/// How an endpoint stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointStanding {
    /// Its name.
    pub endpoint: EndpointName,
    /// It is told what has happened since.
    pub known_since: Timestamp,
    /// Since when it is told nothing, because it said that it is gone; `None` as a rule.
    pub disabled_at: Option<Timestamp>,
    /// Deliveries that wait.
    pub waiting: u64,
    /// Deliveries that were given up.
    pub failed: u64,
}

/// What became of a delivery that was lent to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySettlement {
    /// Whose it is.
    pub endpoint: EndpointName,
    /// Which it is.
    pub id: MessageId,
    /// Under which lease it was tried.
    pub lease: LeaseId,
    /// What became of it.
    pub end: DeliveryEnd,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// The endpoint has it. True whoever has the delivery by now.
    Taken,
    /// It is given up.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// It is to be tried again.
    Later {
        /// Not before this.
        due_at: Timestamp,
        /// Why.
        reason: String,
    },
}
