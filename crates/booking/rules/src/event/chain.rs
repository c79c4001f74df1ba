//! The chain: each event carries the hash of all before it, so that none can be changed, dropped or
//! slipped in later without a trace.
//!
//! `hash(n) = SHA-256("einlass event v1\0" ‖ hash(n - 1) ‖ campaign ‖ JSON of event n)`, with
//! 32 zero bytes before the first. It goes from event to event, so it is the same however the commands
//! were cut into batches. Stores keep what one transaction adds as one [`Link`], with the hash after
//! its last event. The text of the events is hashed as it is stored, never written anew: a program that
//! does not know a field or a kind can verify it all the same.

use std::fmt;

use aws_lc_rs::digest;
use kernel::{CampaignId, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Actor, Event, What};

/// The hash of all events of a campaign up to one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainHash(pub [u8; 32]);

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Up to where a chain is known; by default its beginning, before the first event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainEnd {
    /// The number of the last event.
    pub number: u64,
    /// The hash after it.
    pub hash: ChainHash,
}

/// The events that one transaction has added to a campaign's chain, as a store keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The campaign.
    pub campaign: CampaignId,
    /// The number of the first event.
    pub first: u64,
    /// The number of the last event.
    pub last: u64,
    /// When.
    pub at: Timestamp,
    /// The events as a JSON array, to the letter.
    pub events: String,
    /// The hash after the last of them.
    pub hash: ChainHash,
}

/// Events that are about to become part of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvents {
    /// The events, in order.
    pub events: Vec<Event>,
    /// What is stored of them.
    pub link: Link,
}

/// Where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("events {first} to {last}: {flaw}")]
pub struct ChainBreak {
    /// The first event concerned.
    pub first: u64,
    /// The last event concerned.
    pub last: u64,
    /// What is wrong with them.
    pub flaw: Flaw,
}

/// What is wrong with events of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// They are gone.
    #[error("they are missing")]
    Missing,
    /// Their numbers are not those that come next.
    #[error("they are out of order")]
    OutOfOrder,
    /// They are no events.
    #[error("they cannot be read")]
    Unreadable,
    /// They, or the hash beside them, are not what was written.
    #[error("they were changed, or their hash was")]
    Changed,
}

impl Link {
    /// Where the chain ends with this link.
    #[must_use]
    pub const fn end(&self) -> ChainEnd {
        ChainEnd { number: self.last, hash: self.hash }
    }

    /// The events. An error if one of them is none, or of a kind that only a later program knows.
    pub fn read(&self) -> Result<Vec<Event>, serde_json::Error> {
        serde_json::from_str(&self.events)
    }

    /// The events that this program knows, for a reader that has nothing to do with others. None of a text
    /// that is no list.
    #[must_use]
    pub fn read_known(&self) -> Vec<Event> {
        let texts: Vec<&RawValue> = serde_json::from_str(&self.events).unwrap_or_default();
        texts.iter().filter_map(|text| serde_json::from_str(text.get()).ok()).collect()
    }
}

impl ChainEnd {
    /// Continues the chain of a campaign with what has happened at one instant: one thing or more.
    pub(crate) fn continued(
        self,
        campaign: &CampaignId,
        at: Timestamp,
        happened: Vec<(Actor, What)>,
    ) -> NewEvents {
        debug_assert!(!happened.is_empty(), "a link without events");
        let (mut end, mut text) = (self, String::from("["));
        let mut events = Vec::with_capacity(happened.len());
        for (actor, what) in happened {
            let event = Event { number: end.number + 1, at, actor, what };
            let json = serde_json::to_string(&event).expect("an event has a JSON");
            end = end.after(campaign, &json);
            if !events.is_empty() {
                text.push(',');
            }
            text.push_str(&json);
            events.push(event);
        }
        text.push(']');
        let (first, campaign) = (self.number + 1, campaign.clone());
        let link = Link { campaign, first, last: end.number, at, events: text, hash: end.hash };
        NewEvents { events, link }
    }

    /// Whether `links` continue the chain of `campaign` from here on, and where it ends with them. So a
    /// long chain is verified page by page. O(length of the text).
    ///
    /// It cannot see that the last links were taken away, nor that somebody who can write to the store
    /// has written a whole other chain: for that, note where it ends in another place.
    pub fn verify(self, campaign: &CampaignId, links: &[Link]) -> Result<Self, ChainBreak> {
        links.iter().try_fold(self, |end, link| end.verify_link(campaign, link))
    }

    fn verify_link(self, campaign: &CampaignId, link: &Link) -> Result<Self, ChainBreak> {
        let next = self.number + 1;
        if link.first > next {
            return Err(ChainBreak { first: next, last: link.first - 1, flaw: Flaw::Missing });
        }
        let broken = |flaw| ChainBreak { first: next, last: link.last.max(next), flaw };
        if link.first < next {
            return Err(broken(Flaw::OutOfOrder));
        }
        let texts: Vec<&RawValue> =
            serde_json::from_str(&link.events).map_err(|_| broken(Flaw::Unreadable))?;
        let mut end = self;
        for text in texts {
            let Numbered { number } =
                serde_json::from_str(text.get()).map_err(|_| broken(Flaw::Unreadable))?;
            if number != end.number + 1 {
                return Err(broken(Flaw::OutOfOrder));
            }
            end = end.after(campaign, text.get());
        }
        if end.number != link.last {
            return Err(broken(Flaw::OutOfOrder));
        }
        if end.hash != link.hash {
            return Err(broken(Flaw::Changed));
        }
        Ok(end)
    }

    fn after(self, campaign: &CampaignId, json: &str) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        // Of the parts only the last two have no fixed length, and no name has the brace that follows it.
        for part in [b"einlass event v1\0", &self.hash.0[..], campaign.as_str().as_bytes()] {
            hash.update(part);
        }
        hash.update(json.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.finish().as_ref());
        Self { number: self.number + 1, hash: ChainHash(bytes) }
    }
}

/// The part of an event that the chain looks at.
#[derive(Deserialize)]
struct Numbered {
    number: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::scene;

    fn changed(revision: u64) -> (Actor, What) {
        (Actor::Operator, What::CampaignChanged { revision })
    }

    /// Three links with two, one and three events.
    fn chain() -> Vec<Link> {
        let mut end = ChainEnd::default();
        [vec![1, 2], vec![3], vec![4, 5, 6]]
            .into_iter()
            .map(|revisions| {
                let happened = revisions.into_iter().map(changed).collect();
                let new = end.continued(&scene::slot("speyer"), scene::at(0), happened);
                end = new.link.end();
                new.link
            })
            .collect()
    }

    fn verify(links: &[Link]) -> Result<ChainEnd, ChainBreak> {
        ChainEnd::default().verify(&scene::slot("speyer"), links)
    }

    /// The formula, worked out by other means: whoever verifies a chain with a program of their own
    /// gets the same.
    #[test]
    fn a_hash_is_what_the_formula_says() {
        let event = r#"{"number":1,"at_ms":1623650400000,"actor":"operator","what":"campaign_changed","revision":1}"#;
        let new =
            ChainEnd::default().continued(&scene::slot("speyer"), scene::at(0), vec![changed(1)]);
        assert_eq!(new.link.events, format!("[{event}]"));
        assert_eq!(
            new.link.hash.to_string(),
            "394828859d3ac036e8ea05de7426f424cd76ad950720c21b47fba7082148fb24"
        );
    }

    #[test]
    fn a_chain_is_verified_whole_or_page_by_page() {
        let links = chain();
        let end = verify(&links).expect("whole");
        assert_eq!((end.number, end.hash), (6, links[2].hash));
        let (first, rest) = links.split_at(1);
        let between = verify(first).expect("whole");
        assert_eq!(between.verify(&scene::slot("speyer"), rest), Ok(end));
        // A field and a kind of a later program are hashed like all others.
        let text = r#"{"number":7,"later":1,"what":"hatched"}"#;
        let ChainEnd { number, hash } = end.after(&scene::slot("speyer"), text);
        let later =
            Link { first: 7, last: 7, events: format!("[ {text} ]"), hash, ..chain().remove(0) };
        assert_eq!(end.verify(&scene::slot("speyer"), &[later]), Ok(ChainEnd { number, hash }));
    }

    #[test]
    fn a_break_is_found_where_it_is() {
        type Tampering = fn(&mut Vec<Link>);
        let breaks: [(Tampering, u64, u64, Flaw); 8] = [
            (|links| drop(links.remove(1)), 3, 3, Flaw::Missing),
            (|links| drop(links.remove(0)), 1, 2, Flaw::Missing),
            (|links| links.swap(1, 2), 3, 3, Flaw::Missing),
            (|links| links[2] = links[1].clone(), 4, 4, Flaw::OutOfOrder),
            (
                |links| {
                    links[2].events = links[2].events.replace(r#""revision":5"#, r#""revision":9"#);
                },
                4,
                6,
                Flaw::Changed,
            ),
            (|links| links[1].hash.0[0] ^= 1, 3, 3, Flaw::Changed),
            (|links| "[3]".clone_into(&mut links[1].events), 3, 3, Flaw::Unreadable),
            (|links| "[]".clone_into(&mut links[1].events), 3, 3, Flaw::OutOfOrder),
        ];
        for (index, (tamper, first, last, flaw)) in breaks.into_iter().enumerate() {
            let mut links = chain();
            tamper(&mut links);
            assert_eq!(verify(&links), Err(ChainBreak { first, last, flaw }), "break {index}");
        }
        // An event that is dropped from its link, and one of another campaign.
        let mut links = chain();
        let (kept, _) = links[2].events.rsplit_once(",{").expect("three events");
        links[2].events = format!("{kept}]");
        assert_eq!(verify(&links), Err(ChainBreak { first: 4, last: 6, flaw: Flaw::OutOfOrder }));
        let elsewhere = ChainEnd::default().verify(&scene::slot("other"), &chain());
        assert_eq!(elsewhere, Err(ChainBreak { first: 1, last: 2, flaw: Flaw::Changed }));
    }
}
