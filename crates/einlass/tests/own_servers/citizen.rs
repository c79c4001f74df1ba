//! What a citizen sends, as plain HTTP.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A reply: its status and its JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: StatusCode,
    pub body: Value,
}

impl Reply {
    pub fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {self:?}"))
    }

    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Sends a request; `None` if there was no reply.
pub async fn try_send(request: RequestBuilder) -> Option<Reply> {
    let response = request.send().await.ok()?;
    let status = response.status();
    let bytes = response.bytes().await.ok()?;
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).ok()? };
    Some(Reply { status, body })
}

pub async fn send(request: RequestBuilder) -> Reply {
    try_send(request).await.expect("a reply")
}

pub fn join(client: &Client, room_url: &str, postcode: &str) -> RequestBuilder {
    client.post(format!("{room_url}/tickets")).json(&json!({"residence": {"postcode": postcode}}))
}

/// Joins, and again as long as the room is not open or the service is busy, as a citizen's browser does;
/// the answer, and whether a try before it may have left an entry behind that nobody holds.
pub async fn join_patiently(client: &Client, room_url: &str, postcode: &str) -> (Reply, bool) {
    let answer = tokio::sync::Mutex::new((None, false));
    test_support::eventually("the service is not busy", Duration::from_mins(1), async || {
        let reply = send(join(client, room_url, postcode)).await;
        let mut answer = answer.lock().await;
        if reply.status == StatusCode::SERVICE_UNAVAILABLE {
            answer.1 = true;
            return false;
        }
        if reply.code() == "room-not-open" {
            return false;
        }
        answer.0 = Some(reply);
        true
    })
    .await;
    let (reply, was_busy) = answer.into_inner();
    (reply.expect("an answer"), was_busy)
}

/// Where the ticket stands.
pub fn poll(client: &Client, room_url: &str, ticket: &str) -> RequestBuilder {
    client.get(format!("{room_url}/ticket")).bearer_auth(ticket)
}

pub fn redeem(client: &Client, room_url: &str, ticket: &str) -> RequestBuilder {
    client.post(format!("{room_url}/passes")).bearer_auth(ticket)
}

pub fn person(number: usize) -> Value {
    json!({
        "given_name": "Erika",
        "family_name": test_support::family_name(number),
        "date_of_birth": "1980-02-29",
    })
}

/// A one-step booking.
pub fn book(
    client: &Client,
    booking_url: &str,
    campaign: &str,
    pass: &str,
    key: &str,
    (slot, person): (&str, Value),
) -> RequestBuilder {
    client
        .post(format!("{booking_url}/campaigns/{campaign}/bookings"))
        .bearer_auth(pass)
        .header("idempotency-key", key)
        .json(&json!({"slot": slot, "person": person}))
}
