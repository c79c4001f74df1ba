//! `einlass waiting-room`, `einlass booking` and `einlass serve`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use campaign_file::CampaignFile;
use web::metrics::Metrics;

use crate::booking_service::BookingService;
use crate::campaign;
use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::Config;
use crate::keys::{BookingKeys, NewKeys, NewStaffKeys, StaffKeyFile, WaitingRoomKeys};
use crate::open_files;
use crate::process::{Process, StopTimes, asked_to_stop};
use crate::staff::{StaffKeysInForce, operator_token};
use crate::waiting_room_service::WaitingRoomService;

/// How long the token is valid that the embedded default prints.
const TOKEN_LIFETIME: Duration = Duration::from_hours(24);

/// Runs the waiting room until it is asked to stop.
pub async fn waiting_room(source: &ConfigSource) -> anyhow::Result<u8> {
    let Start { config, process, campaigns, staff: _staff } = prepare(source)?;
    open_files::raise(config.waiting_room.streams_max);
    let keys = WaitingRoomKeys::read(&config.waiting_room.keys_file)?;
    let mut service = WaitingRoomService::start(&process, &config, keys, &campaigns).await?;
    service.watch_keys();
    asked_to_stop().await?;
    service.stop(&process, StopTimes::of(&config)).await;
    Ok(0)
}

/// Runs the booking API until it is asked to stop.
pub async fn booking(source: &ConfigSource) -> anyhow::Result<u8> {
    let Start { config, process, campaigns, staff: _staff } = prepare(source)?;
    open_files::raise(config.booking.streams_max);
    let keys = BookingKeys::read(&config.booking.keys_file)?;
    let service = BookingService::start(&process, &config, keys, &campaigns).await?;
    asked_to_stop().await?;
    service.stop(&process, StopTimes::of(&config)).await;
    Ok(0)
}

/// Runs both in one process until it is asked to stop.
pub async fn both(source: &ConfigSource) -> anyhow::Result<u8> {
    let Start { config, process, campaigns, staff: _staff } = prepare(source)?;
    open_files::raise(config.waiting_room.streams_max + config.booking.streams_max);
    let room_keys = WaitingRoomKeys::read(&config.waiting_room.keys_file)?;
    let booking_keys = BookingKeys::read(&config.booking.keys_file)?;
    let mut room = WaitingRoomService::start(&process, &config, room_keys, &campaigns).await?;
    room.watch_keys();
    let booking = BookingService::start(&process, &config, booking_keys, &campaigns).await?;
    asked_to_stop().await?;
    let stop = StopTimes::of(&config);
    // Citizens on their way from the room to a booking find both open until the drain is over.
    tokio::join!(room.stop(&process, stop), booking.stop(&process, stop));
    Ok(0)
}

/// What every service starts with.
struct Start {
    config: Config,
    process: Process,
    campaigns: Vec<CampaignFile>,
    /// Kept as long as the service runs.
    staff: StaffKeysInForce,
}

fn prepare(source: &ConfigSource) -> anyhow::Result<Start> {
    let config = configuration(source)?.config;
    web::telemetry::init(&config.log.filter)?;
    let campaigns: Vec<CampaignFile> =
        config.campaigns.files.iter().map(|path| campaign::read(path)).collect::<Result<_, _>>()?;
    let metrics = Metrics::install().context("failed to set up the metrics")?;
    tokio::spawn(metrics.clone().run_upkeep());
    let mut process = Process::new(Some(metrics));
    ensure_keys(&config, &process)?;
    let staff = StaffKeysInForce::follow(&config.staff)?;
    process.staff = staff.verifier.clone();
    process.refresh_staff_keys = Arc::clone(&staff.refresh);
    Ok(Start { config, process, campaigns, staff })
}

/// Makes the keys on first use of the embedded default. Instances that share a store must share their
/// keys too, so there they have to be given.
fn ensure_keys(config: &Config, process: &Process) -> anyhow::Result<()> {
    if !config.has_embedded_rooms() || !config.has_embedded_database() {
        return Ok(());
    }
    let (room, booking) = (&config.waiting_room.keys_file, &config.booking.keys_file);
    if !room.exists() && !booking.exists() {
        NewKeys::generate(&*process.entropy).write(room, booking)?;
        tracing::info!(
            waiting_room = %room.display(),
            booking = %booking.display(),
            "new secret keys were made, since there were none"
        );
    }
    let (staff, jwks) = (&config.staff.keys_file, Path::new(&config.staff.jwks));
    if !staff.exists() && !jwks.exists() && !config.staff.jwks.is_empty() {
        NewStaffKeys::generate(&*process.entropy).write(staff, jwks)?;
    }
    if staff.exists() {
        // For whoever looks at this terminal; it is in no log.
        let token = operator_token(
            &StaffKeyFile::read(staff)?.signer(),
            process.clock.now(),
            TOKEN_LIFETIME,
        );
        println!("the operator's token, for a day: {token}");
    }
    Ok(())
}
