//! The webhooks of one process, as they are configured.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use booking::BookingStore;
use booking::webhook::{MessageKind, Subscription, WebhookStore};
use booking_delivery::webhooks::{Desk, Receiver, Workers};
use kernel::Entropy;
use webhook::{Endpoint, Limits, Sender, SystemLookup, endpoint};

use crate::config::WebhooksConfig;

/// How often a worker looks for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Those who are told; nobody, where no file names any.
pub fn endpoints(config: &WebhooksConfig) -> anyhow::Result<Vec<Endpoint>> {
    if !config.is_on() {
        return Ok(Vec::new());
    }
    let known: Vec<&str> = MessageKind::ALL.iter().map(|kind| kind.as_str()).collect();
    endpoint::read(&config.endpoints_file, &known)
        .context("`webhooks.endpoints_file` cannot be used")
}

/// The way to an endpoint.
pub fn sender(endpoint: &Endpoint) -> anyhow::Result<Sender> {
    Sender::new(endpoint, Limits::default(), Arc::new(SystemLookup))
        .with_context(|| format!("failed to set up the endpoint {}", endpoint.name))
}

/// Starts a worker for each endpoint on these stores.
pub fn start_workers(
    endpoints: &[Endpoint],
    bookings: Arc<dyn BookingStore>,
    webhooks: Arc<dyn WebhookStore>,
    entropy: Arc<dyn Entropy>,
) -> anyhow::Result<Workers> {
    let receivers = endpoints.iter().map(|endpoint| {
        Ok(Receiver { subscription: subscription(endpoint), sender: sender(endpoint)? })
    });
    let receivers = receivers.collect::<anyhow::Result<Vec<_>>>()?;
    let desk = Desk { bookings, webhooks, entropy, every: LOOK_EVERY };
    Ok(Workers::start(&desk, receivers))
}

fn subscription(endpoint: &Endpoint) -> Subscription {
    let kinds = MessageKind::ALL.iter().copied();
    Subscription {
        endpoint: endpoint.name.clone(),
        kinds: kinds.filter(|kind| endpoint.wants(kind.as_str())).collect(),
        campaigns: endpoint.campaigns.clone(),
    }
}
