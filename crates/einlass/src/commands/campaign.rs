//! `einlass campaign`.

use std::path::PathBuf;
use std::sync::Arc;

use campaign_file::CampaignFile;
use clap::Subcommand;
use kernel::{Clock, SystemClock};

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::{Config, WaitingRoomConfig};
use crate::keys::{WaitingRoomKeys, require_identity};
use crate::{adapters, booking_service, campaign};

/// Check campaign files, or put one into force.
#[derive(Subcommand)]
pub enum Campaign {
    /// Name every mistake in a campaign file, or sum up what it says
    Check {
        /// The campaign file
        file: PathBuf,
    },
    /// Put a campaign into force: its room in the room store, its places in the booking database
    Apply {
        /// The campaign file
        file: PathBuf,
    },
}

impl Campaign {
    /// Runs the command.
    pub async fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        match self {
            Self::Check { file } => print_summary(&campaign::read(&file)?),
            Self::Apply { file } => {
                let campaign = campaign::read(&file)?;
                apply(&configuration(source)?.config, &campaign).await?;
            }
        }
        Ok(0)
    }
}

async fn apply(config: &Config, file: &CampaignFile) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    anyhow::ensure!(
        !config.has_embedded_rooms(),
        "the rooms are kept in the memory of a running process (`waiting_room.store_url`), which \
         another one cannot reach: list the file under `campaigns.files` and restart the service"
    );
    // The room first: it is the one that may refuse a change, and then nothing has changed.
    let keys = WaitingRoomKeys::read(&config.waiting_room.keys_file)?;
    let created = apply_room(&config.waiting_room, &keys, file).await?;
    println!("waiting room: the room {} {created}", file.id);
    let store = adapters::booking_store(&config.booking, &clock).await?;
    let applied = booking_service::apply(&*store, file).await?;
    println!("booking api: the campaign {} {applied}", file.id);
    Ok(())
}

/// Puts the room of a campaign into force in a store that other processes share; says what came of it.
/// Nothing else makes rooms there.
pub async fn apply_room(
    config: &WaitingRoomConfig,
    keys: &WaitingRoomKeys,
    file: &CampaignFile,
) -> anyhow::Result<&'static str> {
    let asks = (&file.id, file.room.identity);
    require_identity(keys.identity.as_ref(), &config.keys_file, [asks])?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rooms = adapters::room_store(config, &clock)?;
    let created = rooms.create(&campaign::room_settings(file, &keys.draw_key)).await?;
    created.verdict().map_err(|why| anyhow::anyhow!("the room {} {why}", file.id))
}

fn print_summary(file: &CampaignFile) {
    println!("{}: {}", file.id, file.title_en);
    println!(
        "{} sites, {} slots, {} places of {} in {} tranches, {} waitlist places",
        file.sites.len(),
        file.slots.len(),
        file.places(),
        file.capacity(),
        file.tranches.len(),
        file.waitlist.as_ref().map_or(0, |waitlist| waitlist.places),
    );
    for (number, tranche) in (1..).zip(&file.tranches) {
        println!(
            "tranche {number}: {} places at {} (arrivals gather from {})",
            tranche.places, tranche.opens_at, tranche.gathers_from
        );
    }
    let eligible = file.residence.rows().iter().filter(|row| row.eligible).count();
    println!(
        "{eligible} of {} listed municipalities may book; everything is in order",
        file.residence.rows().len()
    );
}
