//! How an endpoint stands, and what becomes of its deliveries.

use kernel::Timestamp;

use super::{EndpointName, MessageId, UNTRIED_MAX, WAITING_MAX};
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

/// How many deliveries wait for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Those that nobody has tried yet.
    pub untried: u64,
    /// All of them.
    pub all: u64,
}

impl Waiting {
    /// Whether so many wait that no further events are followed.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.untried >= UNTRIED_MAX || self.all >= WAITING_MAX
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_tried_counts_less_but_counts() {
        let is_full = |untried, all| Waiting { untried, all }.is_full();
        assert!(!is_full(UNTRIED_MAX - 1, WAITING_MAX - 1));
        assert!(is_full(UNTRIED_MAX, UNTRIED_MAX));
        assert!(is_full(0, WAITING_MAX));
    }
}
