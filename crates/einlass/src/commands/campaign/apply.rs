//! `einlass campaign apply`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use booking::campaign::service as campaigns;
use booking::{ApplyCampaign, BookedSlots, BookingStore, ChangeReason, Expected, Intent, Preview};
use campaign_file::CampaignFile;
use clap::Args;
use kernel::{Clock, SystemClock};
use waiting_room::RoomStore;
use waiting_room::audit::By;
use waiting_room::service::operator;

use super::bookings;
use crate::commands::typed_by;
use crate::config::{Config, WaitingRoomConfig};
use crate::keys::{WaitingRoomKeys, require_identity};
use crate::{adapters, campaign};

/// Put a campaign into force: its room in the room store, its places in the booking database.
#[derive(Args)]
pub struct Apply {
    /// The campaign file
    file: PathBuf,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Change nothing unless this revision is in force; 0 for none
    #[arg(long, value_name = "N")]
    expect_revision: Option<u64>,
    /// Why, in one line, for the history of the campaign
    #[arg(long, value_name = "TEXT")]
    reason: Option<ChangeReason>,
    /// Move slots in which people have places, and the people with them
    #[arg(long)]
    reschedule: bool,
}

impl Apply {
    /// Asks both stores whether they are there and would take the campaign, before it changes either.
    pub async fn run(self, config: &Config) -> anyhow::Result<u8> {
        let file = campaign::read(&self.file)?;
        let room = RoomHalf::of(config, &file)?;
        if let Some(room) = &room {
            room.check(&file).await?;
        }
        if file.is_room_alone() {
            return self.conclude(room, &file).await;
        }
        let store = self.open_bookings(config).await?;
        let request = self.request(&file)?;
        let what_if = ApplyCampaign { intent: Intent::Preview, ..request.clone() };
        let applied = campaigns::apply(&*store, &what_if).await?;
        let verdict = applied.verdict().map_err(|why| refused(&file, &why))?;
        if let Some(preview) = applied.preview() {
            warn_of_past_openings(preview);
        }
        if self.dry_run {
            println!("booking api: the campaign {} would be changed: it {verdict}", file.id);
            if let Some(preview) = applied.preview() {
                println!("{preview}");
            }
            return self.conclude(room, &file).await;
        }
        self.conclude(room, &file).await?;
        let applied = campaigns::apply(&*store, &request).await?;
        let verdict = applied.verdict().map_err(|why| refused(&file, &why))?;
        println!("booking api: the campaign {} {verdict}", file.id);
        Ok(0)
    }

    /// The room, unless this is a dry run.
    async fn conclude(&self, room: Option<RoomHalf>, file: &CampaignFile) -> anyhow::Result<u8> {
        if self.dry_run {
            println!("nothing was changed, as this was a dry run");
        } else if let Some(room) = room {
            let why = self.reason.as_ref().map(|reason| reason.as_str().to_owned());
            let created = room.create(file, &typed_by(why)).await?;
            println!("waiting room: the room {} {created}", file.id);
        } else {
            println!(
                "waiting room: the room is kept in the memory of the service \
                 (`waiting_room.store_url`), which makes it of the file under `campaigns.files` when \
                 it starts: restart it"
            );
        }
        Ok(0)
    }

    /// A dry run leaves the schema of a database file as it is.
    async fn open_bookings(&self, config: &Config) -> anyhow::Result<Arc<dyn BookingStore>> {
        if config.has_embedded_database() && !self.dry_run {
            adapters::migrate(&config.booking).await?;
        }
        bookings(config).await
    }

    fn request(&self, file: &CampaignFile) -> anyhow::Result<ApplyCampaign> {
        Ok(ApplyCampaign {
            expected: self.expect_revision.map_or(Expected::Any, Expected::Revision),
            booked_slots: if self.reschedule { BookedSlots::MayMove } else { BookedSlots::Stay },
            reason: self.reason.clone(),
            ..ApplyCampaign::of_operator(campaign::plan(file)?)
        })
    }
}

fn refused(file: &CampaignFile, why: &str) -> anyhow::Error {
    anyhow!("the campaign {} {why}", file.id)
}

fn warn_of_past_openings(preview: &Preview) {
    for opens_at in &preview.openings_past {
        eprintln!(
            "warning: the opening at {opens_at} is in the past: its places can be booked at once, and \
             nobody gathers for its draw"
        );
    }
}

/// The room of a campaign, in a store that other processes share.
struct RoomHalf {
    rooms: Arc<dyn RoomStore>,
    settings: waiting_room::RoomSettings,
}

impl RoomHalf {
    /// `None` where the rooms are in the memory of a service, which no other process can reach.
    fn of(config: &Config, file: &CampaignFile) -> anyhow::Result<Option<Self>> {
        if config.has_embedded_rooms() {
            return Ok(None);
        }
        let keys = WaitingRoomKeys::read(&config.waiting_room.keys_file)?;
        Self::with(&config.waiting_room, &keys, file).map(Some)
    }

    fn with(
        config: &WaitingRoomConfig,
        keys: &WaitingRoomKeys,
        file: &CampaignFile,
    ) -> anyhow::Result<Self> {
        let asks = (&file.id, file.room.identity);
        require_identity(keys.identity.as_ref(), &config.keys_file, [asks])?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let rooms = adapters::room_store(config, &clock)?;
        Ok(Self { rooms, settings: campaign::room_settings(file, &keys.draw_key) })
    }

    async fn check(&self, file: &CampaignFile) -> anyhow::Result<()> {
        let preview = operator::preview(&*self.rooms, &self.settings).await;
        let preview = preview.context("failed to ask the room store")?;
        let verdict = preview.verdict().map_err(|why| anyhow!("the room {} {why}", file.id))?;
        tracing::debug!(room = %file.id, verdict, "the room store would take the room");
        Ok(())
    }

    async fn create(&self, file: &CampaignFile, by: &By) -> anyhow::Result<&'static str> {
        let created = self.rooms.create(&self.settings, &by.created(&self.settings)).await?;
        created.verdict().map_err(|why| anyhow!("the room {} {why}", file.id))
    }
}

/// Puts the room of a campaign into force in a store that other processes share; says what came of it.
/// Nothing else makes rooms there.
pub async fn apply_room(
    config: &WaitingRoomConfig,
    keys: &WaitingRoomKeys,
    file: &CampaignFile,
) -> anyhow::Result<&'static str> {
    RoomHalf::with(config, keys, file)?.create(file, &By::start()).await
}
