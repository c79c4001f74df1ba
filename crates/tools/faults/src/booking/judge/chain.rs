//! Events: whether their chain is whole, and whether they tell of the bookings what the rows hold. The
//! hashes are made anew from the description of the chain, not by the product's code.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Run;
use crate::booking::database::EventsRow;

/// SHA-256.
pub(super) type Hash = [u8; 32];

/// What is told of bookings and offers; all else is skipped.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum What {
    Booked {
        booking: String,
        slot: String,
    },
    Moved {
        booking: String,
        to: String,
    },
    Cancelled {
        booking: String,
    },
    OfferMade {
        offer: String,
    },
    OfferAccepted {
        offer: String,
    },
    OfferDeclined {
        offer: String,
    },
    OfferExpired {
        offer: String,
    },
    OfferWithdrawn {
        offer: String,
    },
    #[serde(other)]
    Else,
}

impl Run<'_> {
    pub(super) fn broken_chain(&self) -> Vec<String> {
        let (mut number, mut hash) = (0, Hash::default());
        for row in &self.database.events {
            let events = texts(row);
            let is_next = row.first == number + 1 && row.last == number + events.len() as u64;
            hash = events.iter().fold(hash, |hash, event| after(&hash, &row.campaign, event));
            if !is_next || events.is_empty() || hex(&hash) != row.hash {
                return vec![format!("breaks after event {number}: {row:?}")];
            }
            number = row.last;
        }
        Vec::new()
    }

    /// What is told, one after the other.
    pub(super) fn told_events(&self) -> impl Iterator<Item = serde_json::Result<What>> {
        self.database.events.iter().flat_map(texts).map(serde_json::from_str)
    }

    pub(super) fn mistold(&self) -> Vec<String> {
        let mut told: BTreeMap<String, (String, &str)> = BTreeMap::new();
        let mut found = Vec::new();
        for event in self.database.events.iter().flat_map(texts) {
            match serde_json::from_str(event) {
                Ok(What::Booked { booking, slot }) => {
                    if let Some(before) = told.insert(booking, (slot, "confirmed")) {
                        found.push(format!("booked twice: {before:?}, {event}"));
                    }
                }
                Ok(What::Moved { booking, to }) => match told.get_mut(&booking) {
                    Some((slot, _)) => *slot = to,
                    None => found.push(format!("moved before it was booked: {event}")),
                },
                Ok(What::Cancelled { booking }) => match told.get_mut(&booking) {
                    Some((_, status)) => *status = "cancelled",
                    None => found.push(format!("cancelled before it was booked: {event}")),
                },
                Ok(
                    What::OfferMade { .. }
                    | What::OfferAccepted { .. }
                    | What::OfferDeclined { .. }
                    | What::OfferExpired { .. }
                    | What::OfferWithdrawn { .. }
                    | What::Else,
                ) => {}
                Err(error) => found.push(format!("{event}: {error}")),
            }
        }
        for (id, row) in self.rows() {
            let is_told = told.remove(&id);
            let is = (row.slot.clone(), &*row.status);
            if is_told.as_ref() != Some(&is) {
                found.push(format!("{id} is {row:?}, told {is_told:?}"));
            }
        }
        found.extend(told.into_iter().map(|(id, told)| format!("{id} is not there: {told:?}")));
        found
    }
}

/// The events of a row, each to the letter; none if that is no array.
fn texts(row: &EventsRow) -> Vec<&str> {
    let events: Vec<&RawValue> = serde_json::from_str(&row.text).unwrap_or_default();
    events.into_iter().map(RawValue::get).collect()
}

/// The hash after one more event.
pub(super) fn after(hash: &Hash, campaign: &str, event: &str) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [b"einlass event v1\0", &hash[..], campaign.as_bytes(), event.as_bytes()] {
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

pub(super) fn hex(hash: &Hash) -> String {
    hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
