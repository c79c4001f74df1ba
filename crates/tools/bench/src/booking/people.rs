//! People who come and book.

use anyhow::{Context, Result, ensure};
use loadtest::closed_loop::{Limit, request_bytes};
use serde_json::{Value, json};

use super::services::Services;
use crate::einlass::join_request;
use crate::http;
use crate::load::{self, Load};

/// Several batches, so that the next one gathers while one is under way, as in a rush.
pub const CONNECTIONS: usize = 256;

/// Lets so many people into a campaign; gives for each the request with which they book one of its
/// slots in turn. Each has a pass, an `Idempotency-Key` and a name of their own.
pub fn booking_requests(services: &Services, campaign: &str, people: u32) -> Result<Vec<Vec<u8>>> {
    let load = Load {
        connections: CONNECTIONS,
        limit: Limit::Requests(people.into()),
        requests: &[join_request(&format!("/v1/rooms/{campaign}/tickets"))],
        repeat: true,
    };
    let joined = load::collect(&services.room, &load)?;
    let path = format!("/v1/campaigns/{campaign}");
    let slots = slots(services, &path)?;
    let book = format!("{path}/bookings");
    let requests =
        joined.iter().zip(slots.iter().cycle()).enumerate().map(|(number, (body, slot))| {
            let joined: Value = serde_json::from_slice(body)?;
            let pass = joined["pass"]["pass"].as_str().context("a join without a pass")?;
            let headers = [
                ("Authorization", format!("Bearer {pass}")),
                ("Idempotency-Key", format!("booking-of-{number}")),
                ("Content-Type", "application/json".to_owned()),
            ];
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            let body = json!({ "slot": slot, "person": person(number) }).to_string();
            Ok(request_bytes("POST", &book, &headers, body.as_bytes()))
        });
    requests.collect()
}

/// The ids of the slots of the campaign at `path`.
fn slots(services: &Services, path: &str) -> Result<Vec<String>> {
    let view = http::get(services.booking.address, &format!("{path}/slots"))?.json()?;
    let slots = view["slots"].as_array().context("the view has no slots")?;
    let ids: Option<Vec<String>> =
        slots.iter().map(|slot| Some(slot["id"].as_str()?.to_owned())).collect();
    let ids = ids.context("a slot without an id")?;
    ensure!(!ids.is_empty(), "{path} has no slot");
    Ok(ids)
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
