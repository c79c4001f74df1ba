//! `einlass campaign remove`.

use std::sync::Arc;

use anyhow::anyhow;
use booking::campaign::service as campaigns;
use booking::{ActiveBookings, ChangeReason, Intent, RemoveCampaign, RevisionActor};
use clap::Args;
use kernel::{CampaignId, Clock, SystemClock};

use super::bookings;
use crate::adapters;
use crate::commands::typed_by;
use crate::config::Config;

/// Take a campaign out of force for good: its room, and everything held and booked in it.
#[derive(Args)]
pub struct Remove {
    /// The campaign
    campaign: CampaignId,
    /// The name once more, so that nobody removes a campaign by accident
    #[arg(long, value_name = "CAMPAIGN")]
    confirm: CampaignId,
    /// Remove it although people are booked in it; nobody tells them
    #[arg(long)]
    discard_bookings: bool,
    /// Why, in one line, for the history of the campaign
    #[arg(long, value_name = "TEXT")]
    reason: Option<ChangeReason>,
}

impl Remove {
    /// Asks both stores before it changes either. The room goes first, so that nobody is let in to a
    /// campaign that is gone.
    pub async fn run(self, config: &Config) -> anyhow::Result<u8> {
        let Self { campaign, confirm, discard_bookings, reason } = self;
        anyhow::ensure!(campaign == confirm, "--confirm must repeat the name of the campaign");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let rooms = if config.has_embedded_rooms() {
            None
        } else {
            Some(adapters::room_store(&config.waiting_room, &clock)?)
        };
        if let Some(rooms) = &rooms {
            rooms.ready().await?;
        }
        let store = bookings(config).await?;
        let keep = if discard_bookings { ActiveBookings::Discard } else { ActiveBookings::Keep };
        let request = RemoveCampaign {
            campaign,
            bookings: keep,
            intent: Intent::Preview,
            actor: RevisionActor::Operator,
            reason,
        };
        let refused = |why| anyhow!("the campaign {} {why}", request.campaign);
        campaigns::remove(&*store, &request).await?.verdict().map_err(refused)?;
        if let Some(rooms) = rooms {
            let why = request.reason.as_ref().map(|reason| reason.as_str().to_owned());
            let was_there = rooms.remove(&request.campaign, &typed_by(why).removed()).await?;
            let verdict = if was_there { "is removed" } else { "was not there" };
            println!("waiting room: the room {} {verdict}", request.campaign);
        }
        let request_now = RemoveCampaign { intent: Intent::Apply, ..request.clone() };
        let verdict = campaigns::remove(&*store, &request_now).await?.verdict().map_err(refused)?;
        println!("booking api: the campaign {} {verdict}", request.campaign);
        println!(
            "take its file out of `campaigns.files`; otherwise the services will miss its room"
        );
        Ok(0)
    }
}
