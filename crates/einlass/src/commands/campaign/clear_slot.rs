//! `einlass campaign clear-slot`.

use anyhow::anyhow;
use booking::campaign::{SiteId, SlotId};
use booking::service::clear_slots;
use booking::{BookingFate, ClearSlots, ClearedCount, Intent, WhichSlots};
use clap::Args;
use kernel::CampaignId;

use super::bookings;
use crate::config::Config;

/// Move or cancel the bookings of closed slots, and end their holds.
#[derive(Args)]
pub struct ClearSlot {
    /// The campaign
    campaign: CampaignId,
    /// The slot, which must be closed
    #[arg(required_unless_present = "site", conflicts_with = "site")]
    slot: Option<SlotId>,
    /// All slots of this site instead, each of them closed
    #[arg(long)]
    site: Option<SiteId>,
    /// Move the bookings to this slot as far as it has places, those made first before the others
    #[arg(long, value_name = "SLOT", required_unless_present = "cancel")]
    move_to: Option<SlotId>,
    /// Cancel the bookings
    #[arg(long, conflicts_with = "move_to")]
    cancel: bool,
    /// Say how many it would be, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl ClearSlot {
    /// The exit code is 1 if bookings are left for which the other slot has no place.
    pub async fn run(self, config: &Config) -> anyhow::Result<u8> {
        let Self { campaign, slot, site, move_to, cancel: _, dry_run } = self;
        let (which, name) = match (slot, site) {
            (Some(slot), _) => {
                let name = format!("the slot {slot}");
                (WhichSlots::Slot(slot), name)
            }
            (None, Some(site)) => {
                let name = format!("the site {site}");
                (WhichSlots::OfSite(site), name)
            }
            (None, None) => anyhow::bail!("which slot is to be cleared?"),
        };
        let fate = move_to.map_or(BookingFate::Cancel, BookingFate::MoveTo);
        let intent = if dry_run { Intent::Preview } else { Intent::Apply };
        let request = ClearSlots { campaign, which, fate, intent };
        let store = bookings(config).await?;
        let cleared = clear_slots(&*store, &request).await?;
        let count = cleared.verdict().map_err(|why| anyhow!("{name} is not cleared: {why}"))?;
        print(&request, &name, count);
        Ok(u8::from(count.left > 0))
    }
}

fn print(request: &ClearSlots, name: &str, count: ClearedCount) {
    let ClearedCount { bookings, holds, left } = count;
    let becomes = match &request.fate {
        BookingFate::MoveTo(slot) => format!("moved to the slot {slot}"),
        BookingFate::Cancel => "cancelled".to_owned(),
    };
    let (what, end) = match request.intent {
        Intent::Preview => ("would be", "nothing was changed, as this was a dry run"),
        Intent::Apply => ("are", "nobody has told these people: no e-mails are sent yet"),
    };
    println!(
        "booking api: {bookings} bookings of {name} {what} {becomes}, and {holds} holds ended"
    );
    if left > 0 {
        println!("{left} bookings stay, as the other slot has no place for them");
    }
    println!("{end}");
}
