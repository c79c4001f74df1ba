//! People who come and book.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use loadtest::closed_loop::{Limit, request_bytes};
use serde_json::{Value, json};

use super::services::Services;
use crate::campaigns::PASSES_MAX;
use crate::einlass::join_request;
use crate::http;
use crate::load::{self, Load};
use crate::service::holds_within;

/// Several batches, so that the next one gathers while one is under way, as in a rush.
pub const CONNECTIONS: usize = 256;
/// A rush's passes run out above this rate; it then ends early.
const PER_SECOND_MAX: u32 = 30_000;
/// How long it takes at most until all are called, and until the public numbers are those of now.
const SETTLES_WITHIN: Duration = Duration::from_mins(2);

/// People of one campaign.
#[derive(Clone, Copy, Debug)]
pub struct People<'a> {
    pub campaign: &'a str,
    /// How many have come before them: nobody is two people.
    pub before: u32,
    pub number: u32,
}

impl<'a> People<'a> {
    /// As many as can book in `seconds`, and the first of their campaign.
    pub fn rush(campaign: &'a str, seconds: u32) -> Self {
        let number = (seconds * PER_SECOND_MAX).min(PASSES_MAX);
        Self { campaign, before: 0, number }
    }
}

/// A slot and its free places.
type FreeSlot = (String, u32);

/// Lets people in; gives for each the request with which they book one of the free slots in turn. Each
/// has a pass, an `Idempotency-Key` and a name of their own.
pub fn booking_requests(services: &Services, people: &People<'_>) -> Result<Vec<Vec<u8>>> {
    let passes = passes(services, people)?;
    let path = format!("/v1/campaigns/{}", people.campaign);
    let slots = free_slots(services, &path)?;
    let numbers = people.before as usize..;
    let requests = passes.iter().zip(in_turn(&slots)).zip(numbers).map(|((pass, slot), number)| {
        let headers = [
            ("Authorization", &*format!("Bearer {pass}")),
            ("Idempotency-Key", &*format!("booking-of-{number}")),
            ("Content-Type", "application/json"),
        ];
        let body = json!({ "slot": slot, "person": person(number) }).to_string();
        request_bytes("POST", &format!("{path}/bookings"), &headers, body.as_bytes())
    });
    let requests: Vec<Vec<u8>> = requests.collect();
    ensure!(requests.len() == passes.len(), "{path} has fewer places than people");
    Ok(requests)
}

/// Lets people in; gives for each the request with which they join the waitlist.
pub fn joining_requests(services: &Services, people: &People<'_>) -> Result<Vec<Vec<u8>>> {
    let passes = passes(services, people)?;
    let path = format!("/v1/campaigns/{}/waitlist", people.campaign);
    let requests = passes.iter().zip(people.before as usize..).map(|(pass, number)| {
        let headers = [
            ("Authorization", &*format!("Bearer {pass}")),
            ("Idempotency-Key", &*format!("joining-of-{number}")),
            ("Content-Type", "application/json"),
        ];
        let body = json!({ "person": person(number) }).to_string();
        request_bytes("POST", &path, &headers, body.as_bytes())
    });
    Ok(requests.collect())
}

/// The load of people who book, each once.
pub fn booking(requests: &[Vec<u8>], limit: Limit) -> Load<'_> {
    Load { connections: CONNECTIONS, limit, requests, repeat: false }
}

/// Waits until the public numbers say that so many places are left.
pub fn wait_until_left(services: &Services, campaign: &str, places: u32) -> Result<()> {
    let path = format!("/v1/campaigns/{campaign}");
    let left = || {
        let slots = free_slots(services, &path).unwrap_or_default();
        slots.iter().map(|(_, left)| left).sum::<u32>()
    };
    let are_left = holds_within(SETTLES_WITHIN, || left() == places);
    ensure!(are_left, "{path} should have {places} places left, and has {}", left());
    Ok(())
}

/// Who is called at once has the pass with the answer. Who has to wait takes it when all are called.
fn passes(services: &Services, people: &People<'_>) -> Result<Vec<String>> {
    let path = format!("/v1/rooms/{}", people.campaign);
    let requests = [join_request(&format!("{path}/tickets"))];
    let limit = Limit::Requests(people.number.into());
    let joining = Load { connections: CONNECTIONS, limit, requests: &requests, repeat: true };
    let (mut passes, mut tickets) = (Vec::new(), Vec::new());
    for body in load::collect(&services.room, &joining)? {
        let joined: Value = serde_json::from_slice(&body)?;
        if let Some(pass) = joined["pass"]["pass"].as_str() {
            passes.push(pass.to_owned());
        } else {
            let ticket = joined["ticket"].as_str().context("a join without a ticket")?;
            tickets.push(format!("Bearer {ticket}"));
        }
    }
    let all_are_called = || {
        let status = http::get(services.room.address, &path).and_then(|reply| reply.json());
        status.is_ok_and(|status| {
            status["called"] == status["entered"]
                && status["entered"].as_u64() >= Some((people.before + people.number).into())
        })
    };
    ensure!(holds_within(SETTLES_WITHIN, all_are_called), "{path} has not called everybody");
    let take = format!("{path}/passes");
    let taking = tickets
        .iter()
        .map(|bearer| request_bytes("POST", &take, &[("Authorization", bearer)], &[]))
        .collect::<Vec<_>>();
    if !taking.is_empty() {
        for body in load::collect(&services.room, &booking(&taking, limit))? {
            let taken: Value = serde_json::from_slice(&body)?;
            let pass = taken["pass"].as_str().context("a reply without a pass")?;
            passes.push(pass.to_owned());
        }
    }
    Ok(passes)
}

/// Of the campaign at `path`, by the public numbers.
fn free_slots(services: &Services, path: &str) -> Result<Vec<FreeSlot>> {
    let view = http::get(services.booking.address, &format!("{path}/slots"))?.json()?;
    let slots = view["slots"].as_array().context("the view has no slots")?.iter();
    let free = slots.map(|slot| {
        let left = slot["places_left"].as_u64()?.try_into().ok()?;
        Some((slot["id"].as_str()?.to_owned(), left))
    });
    free.collect::<Option<_>>().context("a slot without id or free places")
}

/// Every free place once: one of each slot, then the next of each slot that has another.
fn in_turn(slots: &[FreeSlot]) -> impl Iterator<Item = &str> {
    let most = slots.iter().map(|(_, left)| *left).max().unwrap_or_default();
    (0..most).flat_map(move |turn| {
        slots.iter().filter(move |(_, left)| turn < *left).map(|(id, _)| id.as_str())
    })
}

/// Nobody is two people.
fn person(number: usize) -> Value {
    json!({
        "given_name": "Erika",
        "family_name": test_support::family_name(number),
        "date_of_birth": format!("19{:02}-{:02}-{:02}", 40 + number % 60, 1 + number % 12, 1 + number % 28),
        "email": format!("erika.{number}@example.org"),
        "phone": "+49 6232 140",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_in_turn_until_they_are_full() {
        let slots = [("a".to_owned(), 3), ("b".to_owned(), 0), ("c".to_owned(), 1)];
        assert_eq!(in_turn(&slots).collect::<Vec<_>>(), ["a", "c", "a", "a"]);
        assert_eq!(in_turn(&[]).next(), None);
    }
}
