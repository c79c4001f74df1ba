//! `einlass room`.

mod codes;

use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use kernel::{Clock, SystemClock};
use waiting_room::lane::{Lane, PerLane};
use waiting_room::live::{LiveChange, LiveSettings, Message};
use waiting_room::service::operator::{self, Shown};
use waiting_room::{RoomId, RoomStore};

use crate::adapters;
use crate::cli::ConfigSource;
use crate::commands::configuration;

/// Rooms listed at a time.
const PAGE: usize = 500;

/// Look at rooms, change them while people wait, remove them.
#[derive(Subcommand)]
pub enum Room {
    /// List the rooms
    List,
    /// Show a room: its levers, how many wait, are called and present, and what is left
    Show {
        /// The room's name
        room: RoomId,
    },
    /// Change a room's levers, for all instances at once
    Set(Set),
    /// Supply the public entropy of a draw, after its entries were frozen; it cannot be changed
    Entropy {
        /// The room's name
        room: RoomId,
        /// The number of the opening, counted from 0
        opening: u16,
        /// What came out, exactly as it is published
        text: String,
    },
    /// Issue and revoke priority codes
    #[command(subcommand)]
    Codes(codes::Codes),
    /// Remove a room; its tickets are worth nothing from then on
    Remove {
        /// The room's name
        room: RoomId,
        /// The name once more, so that nobody removes a room by accident
        #[arg(long, value_name = "ROOM")]
        confirm: RoomId,
    },
}

/// What to change; what is left out stays as it is.
#[derive(Args)]
pub struct Set {
    /// The room's name
    room: RoomId,
    /// Call and admit nobody, or go on
    #[arg(long)]
    paused: Option<bool>,
    /// Admissions per minute in the long run
    #[arg(long, value_name = "N")]
    pace_per_minute: Option<u32>,
    /// Admissions that may come at once after a quiet time
    #[arg(long, value_name = "N")]
    burst: Option<u32>,
    /// Passes that may be alive at once
    #[arg(long, value_name = "N")]
    max_active: Option<u32>,
    /// What everybody should know, in German; goes with --message-en
    #[arg(long, value_name = "TEXT", requires = "message_en")]
    message_de: Option<String>,
    /// The same in English
    #[arg(long, value_name = "TEXT", requires = "message_de")]
    message_en: Option<String>,
    /// Take the message away
    #[arg(long, conflicts_with = "message_de")]
    no_message: bool,
    /// The lanes' shares of the pace in percent: public,hotline,priority
    #[arg(long, value_name = "N,N,N", value_parser = shares)]
    shares: Option<PerLane<u32>>,
    /// Change nothing unless the levers still have this version
    #[arg(long, value_name = "N")]
    expect_version: Option<u64>,
}

fn shares(text: &str) -> Result<PerLane<u32>, String> {
    let numbers: Result<Vec<u32>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    match numbers.as_deref() {
        Ok([public, hotline, priority]) => Ok(PerLane([*public, *hotline, *priority])),
        Ok(_) | Err(_) => Err("three numbers such as 80,10,10 are expected".into()),
    }
}

impl Set {
    fn change(&self) -> LiveChange {
        let given = self.message_de.clone().zip(self.message_en.clone());
        let given = given.map(|(de, en)| Some(Message { de, en }));
        LiveChange {
            paused: self.paused,
            pace_per_minute: self.pace_per_minute,
            burst: self.burst,
            max_active: self.max_active,
            message: given.or(self.no_message.then_some(None)),
            shares: self.shares,
            codes: None,
        }
    }
}

impl Room {
    /// Runs the command; the exit code is 1 if there was nothing it could be done to.
    pub async fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        let config = configuration(source)?.config;
        anyhow::ensure!(
            !config.has_embedded_rooms(),
            "the rooms are kept in the memory of a running process (`waiting_room.store_url`), which \
             another one cannot reach"
        );
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = adapters::room_store(&config.waiting_room, &clock)?;
        match self {
            Self::List => list(&*store).await,
            Self::Show { room } => show(&*store, &room).await,
            Self::Set(set) => change(&*store, &set).await,
            Self::Entropy { room, opening, text } => {
                supply_entropy(&*store, &room, opening, &text).await
            }
            Self::Codes(codes) => codes.run(&config, &*store).await,
            Self::Remove { room, confirm } => remove(&*store, &room, &confirm).await,
        }
    }
}

async fn list(store: &dyn RoomStore) -> anyhow::Result<u8> {
    let mut last: Option<RoomId> = None;
    loop {
        let page = store.list(last.as_ref(), PAGE).await?;
        for room in &page {
            println!("{room}");
        }
        if page.len() < PAGE {
            return Ok(0);
        }
        last = page.into_iter().next_back();
    }
}

fn unknown(room: &RoomId) -> u8 {
    eprintln!("there is no room {room}; `einlass room list` lists those there are");
    1
}

async fn show(store: &dyn RoomStore, room: &RoomId) -> anyhow::Result<u8> {
    let Some(Shown { settings, reading }) = operator::show(store, room).await? else {
        return Ok(unknown(room));
    };
    let state = &reading.state;
    let memory = &state.memory;
    println!("{room}: {}", settings.title_en);
    println!("incarnation      {}", memory.incarnation);
    println!("epoch            {}", memory.epoch);
    print_levers(&memory.live);
    for lane in Lane::ALL {
        let (entered, called) = (memory.entered[lane], memory.called[lane]);
        if lane == Lane::Public || entered > 0 {
            println!("{:<16} {entered} entered, places below {called} called", lane.name());
        }
    }
    println!("present          {} of {} passes", state.active, state.allowance);
    match state.report {
        Some(report) => println!(
            "places left      {} ({} seats of {} passes on hold), counted at {}",
            report.places_left, report.held_seats, report.held_passes, report.counted_at
        ),
        None => println!("places left      no booking system has reported"),
    }
    println!("read at          {}", reading.now);
    if reading.now < state.quiet_until {
        println!("issues no entries until {}: it listens to tickets", state.quiet_until);
    }
    Ok(0)
}

fn print_levers(live: &LiveSettings) {
    println!("version          {}", live.version);
    println!("paused           {}", live.paused);
    println!("pace             {} a minute, {} at once", live.pace_per_minute, live.burst);
    println!("max_active       {}", live.max_active);
    let shares: Vec<String> =
        live.shares.iter().map(|(lane, share)| format!("{} {share} %", lane.name())).collect();
    println!("shares           {}", shares.join(", "));
    if let Some(Message { de, en }) = &live.message {
        println!("message          {de}\n                 {en}");
    }
}

async fn change(store: &dyn RoomStore, set: &Set) -> anyhow::Result<u8> {
    let change = set.change();
    anyhow::ensure!(change != LiveChange::default(), "say what to change; see --help");
    let outcome = operator::set(store, &set.room, &change, set.expect_version).await?;
    let Some(state) = outcome.verdict().map_err(anyhow::Error::msg)? else {
        return Ok(unknown(&set.room));
    };
    print_levers(&state.memory.live);
    Ok(0)
}

async fn supply_entropy(
    store: &dyn RoomStore,
    room: &RoomId,
    opening: u16,
    text: &str,
) -> anyhow::Result<u8> {
    let entropy = waiting_room::draw::PublicEntropy::from_text(text)
        .with_context(|| format!("'{text}' cannot be public entropy"))?;
    let outcome = operator::supply_entropy(store, room, opening, entropy.text()).await?;
    let Some(verdict) = outcome.verdict().map_err(anyhow::Error::msg)? else {
        return Ok(unknown(room));
    };
    println!("opening {opening}: {verdict}");
    Ok(0)
}

async fn remove(store: &dyn RoomStore, room: &RoomId, confirm: &RoomId) -> anyhow::Result<u8> {
    anyhow::ensure!(room == confirm, "--confirm must repeat the name of the room");
    if !store.remove(room).await? {
        return Ok(unknown(room));
    }
    println!("the room {room} is removed; its campaign stays in the booking database");
    Ok(0)
}
