//! `einlass campaign`.

use std::path::PathBuf;
use std::sync::Arc;

use booking::Applied;
use campaign_file::CampaignFile;
use clap::Subcommand;
use kernel::{Clock, SystemClock};
use waiting_room::store::Created;

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::Config;
use crate::keys::WaitingRoomKeys;
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
    let rooms = adapters::room_store(&config.waiting_room, &clock)?;
    let created = match rooms.create(&campaign::room_settings(file, &keys.draw_key)).await? {
        Created::New => "is open",
        Created::Unchanged => "was open already",
        Created::Different => anyhow::bail!(
            "the room {} exists with other settings, which stay in force: its openings and draws are \
             published, so a running room is not replaced",
            file.id
        ),
    };
    println!("waiting room: the room {} {created}", file.id);
    let store = adapters::booking_store(&config.booking, &clock).await?;
    let applied = match booking_service::apply(&*store, file).await? {
        Applied::Created => "is in force",
        Applied::Unchanged => "was in force already",
        Applied::Updated => "has replaced the earlier one",
        Applied::Refused(problem) => anyhow::bail!("refused: {problem}"),
    };
    println!("booking api: the campaign {} {applied}", file.id);
    Ok(())
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
