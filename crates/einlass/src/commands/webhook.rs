//! `einlass webhook`: those who are told what happens, and what they have not taken.

use anyhow::{Context as _, bail, ensure};
use booking::webhook::{EndpointName, EndpointStanding, MessageId, WebhookStore};
use clap::Subcommand;
use kernel::{Clock as _, SystemClock, Timestamp};
use serde_json::json;
use webhook::{Answer, Endpoint, Message};

use crate::adapters::{self, BookingStores};
use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::Config;
use crate::process::Process;
use crate::webhooks;

/// Other systems that are told what happens.
#[derive(Subcommand)]
pub enum Webhook {
    /// List all endpoints: how many messages wait, how many were given up, and which are turned off
    List,
    /// Send one message to an endpoint now, and say what came of it
    Test(Named),
    /// List the messages that were given up, with the reason
    Failed(Named),
    /// Send these again now, and those that wait for a later attempt
    Retry(Named),
    /// Go on with an endpoint that has said that it is gone
    Enable(Named),
    /// Forget an endpoint that is not configured any more, and all that waits for it
    Forget(Named),
}

/// An endpoint.
#[derive(clap::Args)]
pub struct Named {
    /// Its name in the file of the endpoints
    endpoint: EndpointName,
}

const PAGE_MAX: u32 = 500;

impl Webhook {
    /// Runs the command.
    pub async fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        let config = configuration(source)?.config;
        let endpoints = webhooks::endpoints(&config.webhooks)?;
        match self {
            Self::Test(named) => {
                let of_rooms = webhooks::room_endpoints(&config.webhooks)?;
                test(&[endpoints, of_rooms].concat(), &named.endpoint).await
            }
            Self::List => list(&*stores(&config).await?.webhooks, &endpoints).await,
            Self::Failed(named) => failed(&*stores(&config).await?.webhooks, &named.endpoint).await,
            Self::Retry(named) => retry(&stores(&config).await?, &named.endpoint).await,
            Self::Enable(named) => {
                let store = stores(&config).await?.webhooks;
                let enabled = store.disable_endpoint(&named.endpoint, None).await?;
                ensure!(enabled, unknown(&named.endpoint));
                Ok(0)
            }
            Self::Forget(named) => {
                let is_configured = endpoints.iter().any(|known| known.name == named.endpoint);
                ensure!(!is_configured, "{} is configured; take it out first", named.endpoint);
                let store = stores(&config).await?.webhooks;
                let forgotten = store.forget_endpoint(&named.endpoint).await?;
                ensure!(forgotten, unknown(&named.endpoint));
                Ok(0)
            }
        }
    }
}

async fn stores(config: &Config) -> anyhow::Result<BookingStores> {
    let clock = Process::new(None).embedded_clock;
    adapters::booking_stores_as_is(config, &clock, None).await
}

async fn retry(stores: &BookingStores, endpoint: &EndpointName) -> anyhow::Result<u8> {
    let now = stores.bookings.now().await?;
    let retried = stores.webhooks.retry_deliveries(endpoint, now).await?;
    println!("{retried} messages are sent again now");
    Ok(0)
}

fn unknown(endpoint: &EndpointName) -> String {
    format!(
        "nobody has been told anything under the name {endpoint}; `einlass webhook list` lists all"
    )
}

async fn list(store: &dyn WebhookStore, endpoints: &[Endpoint]) -> anyhow::Result<u8> {
    let standings = store.endpoints().await?;
    for standing in &standings {
        let configured = endpoints.iter().find(|endpoint| endpoint.name == standing.endpoint);
        let host = configured.map_or("not configured", Endpoint::host);
        let EndpointStanding { endpoint, waiting, failed, .. } = standing;
        let since = |disabled_at: Timestamp| format!(", turned off since {disabled_at}");
        let off = standing.disabled_at.map_or_else(String::new, since);
        println!("{endpoint} ({host}): {waiting} wait, {failed} given up{off}");
    }
    let is_new = |name: &EndpointName| standings.iter().all(|standing| standing.endpoint != *name);
    for endpoint in endpoints.iter().filter(|endpoint| is_new(&endpoint.name)) {
        println!(
            "{} ({}): is told what happens from the next start on",
            endpoint.name,
            endpoint.host()
        );
    }
    Ok(0)
}

async fn failed(store: &dyn WebhookStore, endpoint: &EndpointName) -> anyhow::Result<u8> {
    let mut after: Option<MessageId> = None;
    loop {
        let page = store.failed_deliveries(endpoint, after.as_ref(), PAGE_MAX).await?;
        for delivery in &page {
            let reason = delivery.reason.as_deref().unwrap_or_default();
            println!("{} {} {reason}", delivery.id, delivery.kind.as_str());
        }
        match page.last() {
            Some(last) => after = Some(last.id.clone()),
            None => return Ok(0),
        }
    }
}

/// Needs no database: what is sent tells nothing.
async fn test(endpoints: &[Endpoint], name: &EndpointName) -> anyhow::Result<u8> {
    let endpoint = endpoints.iter().find(|endpoint| endpoint.name == *name);
    let endpoint = endpoint.with_context(|| format!("no endpoint {name} is configured"))?;
    let now = SystemClock.now();
    let body = json!({"type": "webhook.test", "timestamp": now, "data": {"endpoint": name}});
    let id = format!("test_{}", now.unix_ms());
    let message = Message { id, body: body.to_string() };
    match webhooks::sender(endpoint)?.send(&message, now).await {
        Answer::Taken => println!("{name} has taken the message"),
        Answer::Gone => bail!("{name} says that it is gone (410)"),
        Answer::NotTaken(refused) => {
            let detail = refused.detail.map_or_else(String::new, |detail| format!(": {detail}"));
            bail!("{name} has not taken the message: {}{detail}", refused.reason);
        }
    }
    Ok(0)
}
