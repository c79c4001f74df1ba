//! The webhooks of one process, as they are configured.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use booking::BookingStore;
use booking::webhook::{MessageKind, Subscription, WebhookStore};
use booking_delivery::webhooks::{Desk, Receiver, Workers};
use kernel::Entropy;
use waiting_room::{RoomStore, WaitingRoom, notice};
use waiting_room_delivery::Worker;
use webhook::{Endpoint, Limits, Sender, SystemLookup, endpoint};

use crate::config::WebhooksConfig;

/// How often a worker looks for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Those who are told; nobody, where no file names any.
pub fn endpoints(config: &WebhooksConfig) -> anyhow::Result<Vec<Endpoint>> {
    let known: Vec<&str> = MessageKind::ALL.iter().map(|kind| kind.as_str()).collect();
    read("webhooks.endpoints_file", &config.endpoints_file, &known)
}

/// Those who are told what happens to rooms; nobody, where no file names any.
pub fn room_endpoints(config: &WebhooksConfig) -> anyhow::Result<Vec<Endpoint>> {
    read("webhooks.room_endpoints_file", &config.room_endpoints_file, notice::NAMES)
}

fn read(setting: &str, file: &Path, known: &[&str]) -> anyhow::Result<Vec<Endpoint>> {
    if file.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    endpoint::read(file, known).with_context(|| format!("`{setting}` cannot be used"))
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

/// Starts the worker that tells these what happens to rooms; none where nobody wants to know.
pub fn start_room_worker(
    endpoints: Vec<Endpoint>,
    rooms: Arc<WaitingRoom>,
    store: Arc<dyn RoomStore>,
    entropy: Arc<dyn Entropy>,
) -> anyhow::Result<Option<Worker>> {
    if endpoints.is_empty() {
        return Ok(None);
    }
    let receivers = endpoints.into_iter().map(|endpoint| {
        Ok(waiting_room_delivery::Receiver { sender: sender(&endpoint)?, endpoint })
    });
    let receivers = receivers.collect::<anyhow::Result<Vec<_>>>()?;
    let silent_after = notice::SILENT_AFTER;
    let desk =
        waiting_room_delivery::Desk { rooms, store, entropy, every: LOOK_EVERY, silent_after };
    Ok(Some(Worker::start(desk, receivers)))
}

fn subscription(endpoint: &Endpoint) -> Subscription {
    let kinds = MessageKind::ALL.iter().copied();
    Subscription {
        endpoint: endpoint.name.clone(),
        kinds: kinds.filter(|kind| endpoint.wants(kind.as_str())).collect(),
        campaigns: endpoint.campaigns.clone(),
    }
}
