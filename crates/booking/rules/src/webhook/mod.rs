//! Webhooks: what other systems are told of a campaign, as deliveries that are kept until they were taken.
//!
//! As with [letters](crate::mail) the chain of events is the outbox (P19). Each endpoint has a reader of its own that
//! goes along the chain of each campaign and, in one transaction, keeps the deliveries that [`follow`] from a page of
//! it and how far it has read. So one endpoint that takes nothing keeps no other waiting, and what waits for it is bounded:
//! while [`UNTRIED_MAX`] deliveries wait that nobody has tried, its reader stays where it is, and the chain keeps the rest. Those
//! that wait for a later attempt keep it from nothing, up to [`WAITING_MAX`] of them.
//!
//! A message has ids and names, never personal data (P15): who wants to know more asks the API.

mod message;
mod standing;
mod store;

use std::fmt;
use std::str::FromStr;

use kernel::{CampaignId, InvalidId, Slug, Timestamp};

pub use message::{MessageKind, NewDelivery, follow};
pub use standing::{DeliveryEnd, DeliverySettlement, EndpointStanding, Waiting};
pub use store::{DeliveryLease, FollowedFor, WebhookStore};

/// The name of who is told, as the operator has chosen it.
pub type EndpointName = Slug;

/// No further events are followed for an endpoint while so many deliveries wait for it that nobody has tried yet.
pub const UNTRIED_MAX: u64 = 1_000;

/// Nor while so many wait, whether they were tried or not.
pub const WAITING_MAX: u64 = 10_000;

/// So many deliveries that were given up are kept of an endpoint, the latest ones.
pub const FAILED_MAX: u64 = 1_000;

/// Who is told what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Who.
    pub endpoint: EndpointName,
    /// What.
    pub kinds: Vec<MessageKind>,
    /// Of which campaigns; of all if there are none.
    pub campaigns: Vec<CampaignId>,
}

impl Subscription {
    /// Whether this campaign is among those that are told of.
    #[must_use]
    pub fn covers(&self, campaign: &CampaignId) -> bool {
        self.campaigns.is_empty() || self.campaigns.contains(campaign)
    }
}

/// What a message is known by: the event that it tells. However often it is sent, and to whomever, it is this.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId {
    /// The campaign.
    pub campaign: CampaignId,
    /// The number of the event.
    pub number: u64,
}

/// Writes `speyer-2021-06-20_17`; no name of a campaign has an underscore.
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.campaign, self.number)
    }
}

impl FromStr for MessageId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (campaign, number) = text.split_once('_')?;
            Some(Self { campaign: campaign.parse().ok()?, number: number.parse().ok()? })
        };
        // Only what it would write itself.
        read().filter(|id| id.to_string() == text).ok_or_else(|| InvalidId {
            text: text.chars().take(80).collect(),
            expected: "the id of a message, such as speyer_17",
        })
    }
}

/// A message that one endpoint is to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Who is to take it.
    pub endpoint: EndpointName,
    /// What it is known by.
    pub id: MessageId,
    /// What it tells.
    pub kind: MessageKind,
    /// The JSON that is sent, to the letter the same at every attempt.
    pub body: String,
    /// When what it tells has happened.
    pub made_at: Timestamp,
    /// Nobody sends it before this.
    pub due_at: Timestamp,
    /// How often somebody began to send it.
    pub attempts: u32,
    /// When it was given up; `None` while it waits. One that was taken is kept no longer.
    pub failed_at: Option<Timestamp>,
    /// Why it was not taken, or not yet.
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_wrote() {
        let id = MessageId { campaign: "speyer-2021".parse().expect("a name"), number: 17 };
        assert_eq!(id.to_string(), "speyer-2021_17");
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "speyer", "speyer_", "speyer_01", "speyer_1_2", "Speyer_1", "speyer_-1"] {
            assert!(bad.parse::<MessageId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn no_campaigns_are_all_campaigns() {
        let [speyer, worms] = ["speyer", "worms"].map(|name| name.parse().expect("a name"));
        let mut subscription =
            Subscription { endpoint: speyer, kinds: Vec::new(), campaigns: Vec::new() };
        assert!(subscription.covers(&worms));
        subscription.campaigns.push(worms.clone());
        assert!(subscription.covers(&worms) && !subscription.covers(&subscription.endpoint));
    }
}
