//! What a citizen's browser sends, and the reply.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use test_support::OneSlotCampaign;

/// Everybody lives there.
pub const POSTCODE: &str = OneSlotCampaign::POSTCODE;

/// Longer than any reply may take: who waits longer reloads the page.
const TIME_MAX: Duration = Duration::from_secs(10);

/// A reply.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Whether it says when to come back.
    pub has_retry_after: bool,
    pub body: Value,
}

impl Reply {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn number(&self, member: &str) -> Option<f64> {
        self.body[member].as_f64()
    }
}

/// A client with an address of its own, so that limits for each address treat the crowd as many
/// households and not as one. `number` is 1 to 250.
pub fn client(number: u8) -> Result<Client> {
    client_at(Ipv4Addr::new(127, 0, 1, number))
}

/// A client with that address; 127.0.0.0/8 is all this machine.
pub fn client_at(address: Ipv4Addr) -> Result<Client> {
    Client::builder()
        .local_address(IpAddr::V4(address))
        .timeout(TIME_MAX)
        .connect_timeout(Duration::from_secs(2))
        .no_proxy()
        .build()
        .context("failed to make an HTTP client")
}

/// Sends; the error says why there is no reply.
pub async fn send(request: RequestBuilder) -> Result<Reply, String> {
    let response = request.send().await.map_err(|error| in_short(&error))?;
    let status = response.status().as_u16();
    let has_retry_after = response.headers().contains_key("retry-after");
    let bytes = response.bytes().await.map_err(|error| in_short(&error))?;
    let body = if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes) };
    let body = body.map_err(|error| format!("{status} with a body that is no JSON: {error}"))?;
    Ok(Reply { status, has_retry_after, body })
}

fn in_short(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "no reply in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    kind.to_owned()
}
