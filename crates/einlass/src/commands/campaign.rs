//! `einlass campaign`.

mod apply;
mod check;
mod clear_slot;
mod purge;
mod remove;
mod show;

use std::path::PathBuf;
use std::sync::Arc;

use booking::BookingStore;
use clap::Subcommand;
use kernel::{CampaignId, Clock, SystemClock};

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::Config;
use crate::{adapters, campaign};

pub use apply::apply_room;

/// Check campaign files, put them into force, look at what is in force.
#[derive(Subcommand)]
pub enum Campaign {
    /// Name every mistake in a campaign file, or sum up what it says
    Check {
        /// The campaign file
        file: PathBuf,
    },
    /// Put a campaign into force: its room in the room store, its places in the booking database
    Apply(apply::Apply),
    /// List the campaigns in force
    List,
    /// Show a campaign in force, and every revision it ever had
    Show {
        /// The campaign
        campaign: CampaignId,
        /// Print the definition of this revision instead, as JSON
        #[arg(long, value_name = "N")]
        revision: Option<u64>,
    },
    /// Move or cancel the bookings of closed slots, and end their holds
    ClearSlot(clear_slot::ClearSlot),
    /// Delete the personal data of a campaign that is over, for good
    Purge(purge::Purge),
    /// Take a campaign out of force for good: its room, and everything held and booked in it
    Remove(remove::Remove),
}

impl Campaign {
    /// Runs the command; the exit code is 1 if there was nothing it could be done to.
    pub async fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        match self {
            Self::Check { file } => {
                check::print_summary(&campaign::read(&file)?);
                Ok(0)
            }
            Self::Apply(apply) => apply.run(&configuration(source)?.config).await,
            Self::List => show::list(&*bookings(&configuration(source)?.config).await?).await,
            Self::Show { campaign, revision } => {
                let store = bookings(&configuration(source)?.config).await?;
                show::show(&*store, &campaign, revision).await
            }
            Self::ClearSlot(clear) => clear.run(&configuration(source)?.config).await,
            Self::Purge(purge) => purge.run(&configuration(source)?.config).await,
            Self::Remove(remove) => remove.run(&configuration(source)?.config).await,
        }
    }
}

/// The booking database, reachable and migrated.
pub(super) async fn bookings(config: &Config) -> anyhow::Result<Arc<dyn BookingStore>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = adapters::booking_stores_as_is(config, &clock, None).await?.bookings;
    store.ready().await?;
    Ok(store)
}
