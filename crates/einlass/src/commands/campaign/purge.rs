//! `einlass campaign purge`.

use booking::service::purge;
use booking::{PurgeStep, PurgedBy};
use clap::Args;
use kernel::CampaignId;

use super::bookings;
use crate::config::Config;

/// Delete the personal data of a campaign that is over, for good.
#[derive(Args)]
pub struct Purge {
    /// The campaign
    campaign: CampaignId,
    /// The name once more, so that nobody purges a campaign by accident
    #[arg(long, value_name = "CAMPAIGN")]
    confirm: CampaignId,
}

impl Purge {
    /// Goes on until nothing is left. Interrupted, the same command goes on where it was.
    pub async fn run(self, config: &Config) -> anyhow::Result<u8> {
        let Self { campaign, confirm } = self;
        anyhow::ensure!(campaign == confirm, "--confirm must repeat the name of the campaign");
        let store = bookings(config).await?;
        let mut deleted = 0;
        let goes_on = |rows| {
            deleted += rows;
            true
        };
        match purge(&*store, &campaign, PurgedBy::Operator, goes_on).await? {
            PurgeStep::Purged | PurgeStep::GoesOn { .. } => {
                println!(
                    "booking api: the personal data of {campaign} are purged; {deleted} rows were deleted"
                );
                println!("backups of the database still hold them, sealed: see docs/privacy.md");
                Ok(0)
            }
            PurgeStep::NotFound => anyhow::bail!("the campaign {campaign} is not in force"),
            PurgeStep::NotDue { due_at } => anyhow::bail!(
                "the campaign {campaign} is not over before {due_at}: people still need their places; \
                 `campaign remove --discard-bookings` takes it out of force with everything in it"
            ),
        }
    }
}
