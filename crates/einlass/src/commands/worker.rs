//! `einlass worker`.

use std::sync::Arc;

use anyhow::ensure;
use booking::BookingSecrets;
use booking_delivery::worker::Worker;

use crate::adapters::BookingStores;
use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::Config;
use crate::keys::BookingKeys;
use crate::process::{Process, asked_to_stop};
use crate::{adapters, mail, webhooks};

/// Sends the letters about bookings, and tells other systems what happens, until it is asked to stop.
pub async fn run(source: &ConfigSource) -> anyhow::Result<u8> {
    let config = configuration(source)?.config;
    web::telemetry::init(&config.log.filter)?;
    ensure!(
        config.mail.is_on() || config.webhooks.is_on(),
        "there is nothing to do: `mail.transport` is \"none\", and `webhooks.endpoints_file` is empty; say in [mail] \
         where letters go, or in [webhooks] who is told"
    );
    let process = Process::new(None);
    let keys = BookingKeys::read(&config.booking.keys_file)?;
    let endpoints = webhooks::endpoints(&config.webhooks)?;
    let (secrets, keys) = (keys.secrets, keys.personal_data);
    let stores = adapters::booking_stores_beside(&config, &process.embedded_clock, keys).await?;
    let mail = start_mail(&config, secrets, &stores, &process)?;
    let BookingStores { bookings, webhooks: store, .. } = stores;
    let webhooks = webhooks::start_workers(&endpoints, bookings, store, process.entropy)?;
    if !endpoints.is_empty() {
        tracing::info!(endpoints = endpoints.len(), "webhooks are being sent");
    }
    if mail.is_some() {
        tracing::info!("letters are being sent");
    }
    asked_to_stop().await?;
    if let Some(mail) = mail {
        mail.finish().await;
    }
    webhooks.finish().await;
    Ok(0)
}

fn start_mail(
    config: &Config,
    secrets: BookingSecrets,
    stores: &BookingStores,
    process: &Process,
) -> anyhow::Result<Option<Worker>> {
    if !config.mail.is_on() {
        return Ok(None);
    }
    let (bookings, mails) = (Arc::clone(&stores.bookings), Arc::clone(&stores.mails));
    let entropy = Arc::clone(&process.entropy);
    mail::start_worker(&config.mail, bookings, mails, secrets, entropy).map(Some)
}
