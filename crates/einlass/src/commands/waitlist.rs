//! `einlass waitlist`.

use std::sync::Arc;

use anyhow::anyhow;
use booking::campaign::SlotId;
use booking::service::call_up_for;
use booking::{BookingStore, CallUpWish, CampaignView, WaitlistStatus};
use clap::{Args, Subcommand};
use kernel::{CampaignId, Clock, OsEntropy, SystemClock};

use crate::adapters;
use crate::cli::ConfigSource;
use crate::commands::campaign::bookings;
use crate::commands::configuration;
use crate::config::Config;
use crate::keys::BookingKeys;

/// Look at a waitlist, and call people up by hand.
#[derive(Subcommand)]
pub enum Waitlist {
    /// Show who waits, which places are kept and offered, and why nobody is called where that is so
    Show {
        /// The campaign
        campaign: CampaignId,
    },
    /// Call the next of the waitlist for one slot, also in quiet hours
    CallUp(CallUp),
}

/// Whom to call.
#[derive(Args)]
pub struct CallUp {
    /// The campaign
    campaign: CampaignId,
    /// The slot
    #[arg(long)]
    slot: SlotId,
    /// How many people at most; never more than the slot has places for, and the over-offer allows
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=500))]
    count: u32,
    /// How long they have to accept
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_080))]
    minutes: u32,
}

impl Waitlist {
    /// Runs the command; the exit code is 1 if there is no such waitlist, or nobody was called.
    pub async fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        let config = configuration(source)?.config;
        match self {
            Self::Show { campaign } => show(&*bookings(&config).await?, &campaign).await,
            Self::CallUp(call_up) => call_up.run(&*with_keys(&config).await?).await,
        }
    }
}

/// The booking database with the keys of the booking API: who is called is judged by their date of birth, and that is
/// sealed.
async fn with_keys(config: &Config) -> anyhow::Result<Arc<dyn BookingStore>> {
    let keys = BookingKeys::read(&config.booking.keys_file)?.personal_data;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = adapters::booking_stores_as_is(config, &clock, Some(keys)).await?.bookings;
    store.ready().await?;
    Ok(store)
}

async fn view(store: &dyn BookingStore, id: &CampaignId) -> anyhow::Result<Option<CampaignView>> {
    let campaigns = store.campaigns().await?;
    let Some(campaign) = campaigns.into_iter().find(|campaign| campaign.id == *id) else {
        return Ok(None);
    };
    let availability = store.availability(id, store.now().await?).await?;
    Ok(availability.map(|availability| CampaignView { campaign: campaign.into(), availability }))
}

async fn show(store: &dyn BookingStore, id: &CampaignId) -> anyhow::Result<u8> {
    let Some(view) = view(store, id).await? else {
        eprintln!("there is no campaign {id}; `einlass campaign list` lists those in force");
        return Ok(1);
    };
    let Some(status) = view.waitlist_status() else {
        eprintln!("the campaign {id} has no waitlist: its file has no section [waitlist]");
        return Ok(1);
    };
    print(id, &status);
    for slot in view.availability.slots.iter().filter(|slot| slot.reserved > 0) {
        println!("kept in {:<24} {}", slot.slot.as_str(), slot.reserved);
    }
    Ok(0)
}

fn print(id: &CampaignId, status: &WaitlistStatus) {
    let counts = status.counts;
    println!("waitlist of {id} at {}", status.as_of);
    println!("places           {}, {} of them free", status.places, status.places_left);
    println!("people can join  {}", if status.is_open { "yes" } else { "no" });
    if let Some(opens_at) = status.opens_at {
        println!("opens at         {opens_at}");
    }
    println!("stops at         {}", status.stops_at);
    println!("waiting          {} without an offer", counts.waiting);
    println!("offers out       {}", counts.offered);
    println!("places kept      {}", counts.reserved);
    match status.why_nobody {
        None => println!("calling          yes"),
        Some(why) => println!("calling          no: {}", why.as_str()),
    }
}

impl CallUp {
    async fn run(self, store: &dyn BookingStore) -> anyhow::Result<u8> {
        let Self { campaign, slot, count, minutes } = self;
        let wish = CallUpWish { slot: slot.clone(), ttl_minutes: minutes };
        let outcome = call_up_for(store, &campaign, wish, count, &OsEntropy).await?;
        let called = outcome.verdict().map_err(|why| {
            anyhow!(
                "nobody of {campaign} is called: {why}; `einlass campaign list` lists the campaigns in force, and \
                 `einlass campaign show ID --revision N` prints what one says, with its slots"
            )
        })?;
        println!(
            "{} people are offered a place of the slot {slot}, for {minutes} minutes at most; {} \
             earlier offers had expired, and {} are withdrawn as their place is gone",
            called.offered, called.expired, called.withdrawn
        );
        if let Some(why) = called.why_nobody {
            println!("nobody was called: {}", why.as_str());
        } else if called.offered < count {
            println!("there are no more places of this slot, or nobody else who wants one");
        }
        Ok(u8::from(called.offered == 0))
    }
}
