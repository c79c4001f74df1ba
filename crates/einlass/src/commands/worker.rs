//! `einlass worker`.

use anyhow::ensure;

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::keys::BookingKeys;
use crate::process::{Process, asked_to_stop};
use crate::{adapters, mail};

/// Sends the letters about bookings until it is asked to stop.
pub async fn run(source: &ConfigSource) -> anyhow::Result<u8> {
    let config = configuration(source)?.config;
    web::telemetry::init(&config.log.filter)?;
    ensure!(
        config.mail.is_on(),
        "there is nothing to do: `mail.transport` is \"none\"; say in [mail] where letters go"
    );
    let process = Process::new(None);
    let keys = BookingKeys::read(&config.booking.keys_file)?;
    let (secrets, keys) = (keys.secrets, Some(keys.personal_data));
    let stores = adapters::booking_stores_as_is(&config, &process.embedded_clock, keys).await?;
    let (bookings, mails, entropy) = (stores.bookings, stores.mails, process.entropy);
    let worker = mail::start_worker(&config.mail, bookings, mails, secrets, entropy)?;
    tracing::info!("letters are being sent");
    asked_to_stop().await?;
    worker.finish().await;
    Ok(0)
}
