//! The figures of one room.

mod commands;
mod crowd;
mod pairs;
mod prepare;
mod streams;

use anyhow::Result;
use jiff::SignedDuration;

use crate::Bench;
use crate::campaigns::{Campaign, Gate};
use crate::cores::Place;
use crate::einlass::Einlass;
use crate::figure::{Figure, Rate};
use crate::load;
use crate::redis::Redis;
use crate::room::commands::CommandFigures;
use crate::room::pairs::pairs;

/// Opens a day later: who joins gathers.
const GATHERING_ROOM: &str = "/v1/rooms/gathering";
/// Opens before the measurements: who has joined waits, as nearly nobody is called.
const WAITING_ROOM: &str = "/v1/rooms/waiting";

/// Measures all.
pub fn measure(bench: &Bench, einlass: &Einlass) -> Result<Vec<Figure>> {
    let campaign = Campaign::opening_now("gathering", Gate::Narrow);
    let opens_at = campaign.gathers_from + SignedDuration::from_hours(24);
    einlass.apply(&Campaign { opens_at, ..campaign })?;
    let mut redis = Redis::connect(&bench.redis)?;
    let room = einlass.waiting_room(Place::Core(bench.cores.server))?;
    let prepared = prepare::let_people_come(bench, einlass, &room, &mut redis)?;
    let replies = prepare::captured(&room, &prepared)?;
    let plain = einlass.plain(Place::Core(bench.cores.server), &replies)?;

    let mut pairs = pairs(&prepared);
    let mut commands = CommandFigures::new();
    // The first round warms both servers up and is not counted.
    for round in 0..=bench.rounds {
        let seconds = if round == 0 { 1 } else { bench.seconds };
        for pair in &mut pairs {
            let before = redis.commands()?;
            let ours = load::measure(&room, &pair.ours(round, seconds))?;
            let executed = redis.commands()?.since(before);
            let limit = load::measure(&plain, &pair.limit(seconds))?;
            eprintln!(
                "{}, round {round}: {:.0}/s, plain {:.0}/s",
                pair.figure.name, ours.per_second, limit.per_second
            );
            if round > 0 {
                commands.add(pair.figure.name, executed, ours.replies);
                let ours = Rate::of("einlass waiting-room", &ours);
                pair.figure.add_ratio(ours, Rate::of("a plain actix handler", &limit));
            }
        }
    }
    drop((room, plain));
    let followed = streams::measure(bench, einlass)?;
    let crowd = crowd::measure(bench, einlass)?;
    let figures = pairs.into_iter().map(|pair| pair.figure);
    Ok(figures
        .chain(commands.figures())
        .chain([prepared.memory])
        .chain(followed)
        .chain(crowd)
        .collect())
}

/// The room in which round number `round` takes passes.
fn called_room(round: u32) -> String {
    format!("called-{round}")
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^52")]
fn f64_of(count: u64) -> f64 {
    count as f64
}
