//! `einlass room`.

mod codes;

use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use kernel::{Clock, SystemClock};
use waiting_room::audit::{Record, WHY_LENGTH_MAX, Wanted};
use waiting_room::lane::{Lane, PerLane};
use waiting_room::live::{LiveChange, LiveSettings, Message};
use waiting_room::schedule::Schedule;
use waiting_room::service::operator::{self, Change, Expected, OpeningChange, Shown};
use waiting_room::{RoomId, RoomStore};

use crate::adapters;
use crate::cli::ConfigSource;
use crate::commands::{configuration, typed_by};

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
    /// Move an opening whose draw was not held yet
    Opening {
        /// The room's name
        room: RoomId,
        /// The number of the opening, counted from 0
        opening: u16,
        /// When it opens: `now`, `held` (not until it is released), `planned` (as the campaign file says, at once where
        /// that was earlier), or an instant such as 2021-06-14T08:30:00+02:00
        #[arg(value_parser = opens)]
        opens: OpeningChange,
        /// Why, for the record of what was done
        #[arg(long, value_name = "TEXT", value_parser = why)]
        why: Option<String>,
    },
    /// Show what operators did to a room, newest first
    Audit {
        /// The room's name
        room: RoomId,
        /// How many records at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
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
    /// Close the room, so that nobody joins and nobody is called, or open it again
    #[arg(long)]
    closed: Option<bool>,
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
    /// Why, for the record of what was done
    #[arg(long, value_name = "TEXT", value_parser = why)]
    why: Option<String>,
}

fn why(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_reason = !text.is_empty() && text.chars().count() <= WHY_LENGTH_MAX;
    let expected = || format!("a reason of 1 to {WHY_LENGTH_MAX} characters is expected");
    is_reason.then(|| text.to_owned()).ok_or_else(expected)
}

fn opens(text: &str) -> Result<OpeningChange, String> {
    match text {
        "now" => Ok(OpeningChange::Now),
        "held" => Ok(OpeningChange::Held),
        "planned" => Ok(OpeningChange::Planned),
        instant => instant.parse().map(OpeningChange::At).map_err(|_| {
            "now, held, planned, or an instant such as 2021-06-14T08:30:00+02:00 is expected".into()
        }),
    }
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
            closed: self.closed,
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
            Self::Set(set) => {
                let levers = set.change();
                anyhow::ensure!(levers != LiveChange::default(), "say what to change; see --help");
                change(&*store, &set.room, &levers.into(), set.expect_version, set.why).await
            }
            Self::Opening { room, opening, opens, why } => {
                let openings = [(opening, opens)].into();
                let moved = Change { openings, ..Change::default() };
                change(&*store, &room, &moved, None, why).await
            }
            Self::Audit { room, limit } => audit(&*store, &room, limit).await,
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
    print_openings(&Schedule::new(&settings, &memory.live, &memory.frozen));
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

fn print_openings(schedule: &Schedule) {
    for (number, opening) in schedule.openings().iter().enumerate() {
        match opening.opens_at {
            Some(at) => println!("opening {number}        {at}"),
            None if opening.is_held => println!("opening {number}        held back"),
            None => println!("opening {number}        behind one that is held back"),
        }
    }
}

fn print_levers(live: &LiveSettings) {
    println!("version          {}", live.version);
    println!("paused           {}", live.paused);
    println!("closed           {}", live.closed);
    println!("pace             {} a minute, {} at once", live.pace_per_minute, live.burst);
    println!("max_active       {}", live.max_active);
    let shares: Vec<String> =
        live.shares.iter().map(|(lane, share)| format!("{} {share} %", lane.name())).collect();
    println!("shares           {}", shares.join(", "));
    if let Some(Message { de, en }) = &live.message {
        println!("message          {de}\n                 {en}");
    }
}

async fn change(
    store: &dyn RoomStore,
    room: &RoomId,
    change: &Change,
    version: Option<u64>,
    why: Option<String>,
) -> anyhow::Result<u8> {
    let expected = version.map(|version| Expected { incarnation: None, version });
    let outcome = operator::set(store, room, change, expected, &typed_by(why)).await?;
    let Some(state) = outcome.verdict().map_err(anyhow::Error::msg)? else {
        return Ok(unknown(room));
    };
    print_levers(&state.memory.live);
    Ok(0)
}

async fn audit(store: &dyn RoomStore, room: &RoomId, limit: usize) -> anyhow::Result<u8> {
    let records = store.audit(room, Wanted::Before(None), limit).await?;
    if records.is_empty() {
        return Ok(unknown(room));
    }
    for Record { at, deed, .. } in records {
        let what = serde_json::to_string(&deed.what)?;
        let why = deed.why.map(|why| format!(" ({why})")).unwrap_or_default();
        let (who, what) = (deed.who, what.trim_matches('"'));
        println!("{at} {who} {what}: {} -> {}{why}", deed.before, deed.after);
    }
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
    let by = typed_by(None);
    let outcome = operator::supply_entropy(store, room, opening, entropy.text(), &by).await?;
    let Some(verdict) = outcome.verdict().map_err(anyhow::Error::msg)? else {
        return Ok(unknown(room));
    };
    println!("opening {opening}: {verdict}");
    Ok(0)
}

async fn remove(store: &dyn RoomStore, room: &RoomId, confirm: &RoomId) -> anyhow::Result<u8> {
    anyhow::ensure!(room == confirm, "--confirm must repeat the name of the room");
    if !store.remove(room, &typed_by(None).removed()).await? {
        return Ok(unknown(room));
    }
    println!("the room {room} is removed; its campaign stays in the booking database");
    Ok(0)
}
