//! Fault runs: real instances and real servers, broken on purpose, while a crowd of simulated
//! citizens joins, polls, takes passes and leaves over HTTP.
//!
//! A [`scenarios::Scenario`] is the story of one fault. It knows what it breaks and when it has
//! repaired it, and notes that in the [`course::Course`]. Every citizen notes what it was told
//! ([`history::Event`]). Afterwards the [`judge`] compares the two, and knows nothing else. What is
//! drawn (who does what when, when a fault strikes) comes from a seed; what differs between two runs
//! of a seed is timing.

mod campaign;
mod citizen;
mod clock;
mod course;
mod crowd;
mod flood;
mod history;
mod http;
mod installation;
mod instance;
mod judge;
mod proxy;
mod redis;
mod scenarios;
mod signal;
mod stage;
mod waits;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::clock::now;
use crate::installation::Installation;
use crate::judge::{Verdict, judge};
use crate::scenarios::{ALL, Scenario};
use crate::stage::Stage;

/// Breaks the servers and processes of a waiting room, and judges by what citizens were told
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    part: Part,
}

#[derive(clap::Subcommand)]
enum Part {
    /// The waiting room
    Room(Room),
}

#[derive(clap::Args)]
struct Room {
    /// Repeats what this seed gave; else one is drawn from the time of day, and printed
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Plays on, each time with the next seed, until so many minutes have passed
    #[arg(long, value_name = "M", default_value_t = 0)]
    minutes: u32,
    /// Plays with this program `einlass`; else one is built, without optimisation
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Plays this scenario only
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(names()))]
    only: Option<String>,
}

fn names() -> Vec<&'static str> {
    ALL.iter().map(|scenario| scenario.name()).collect()
}

/// Plays the scenarios. `build` gives the program `einlass`, if none is named. Fails if a promise was
/// broken.
#[must_use]
pub fn run(options: &Options, build: impl FnOnce() -> Result<PathBuf>) -> ExitCode {
    let Part::Room(room) = &options.part;
    let program = room.program.clone().map_or_else(build, Ok);
    match program.and_then(|program| play_all(room, &program)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn play_all(room: &Room, program: &Path) -> Result<bool> {
    test_support::provision()?;
    test_support::provision_faketime()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let began = now();
    let ends = began + i64::from(room.minutes) * 60_000;
    let seed = room.seed.unwrap_or_else(|| began.unsigned_abs());
    let mut kept = 0;
    let mut broken = Vec::new();
    for seed in seed.. {
        for scenario in ALL.iter().filter(|scenario| is_wanted(room, **scenario)) {
            let name = scenario.name();
            println!("\n── {name}, seed {seed}: {}", scenario.about());
            let played = runtime.block_on(play_one(*scenario, program, seed));
            let Played { verdict, notes, folder } = played?;
            for note in notes {
                println!("{note}");
            }
            println!("{verdict}");
            if verdict.is_kept() {
                kept += 1;
            } else {
                if let Some(folder) = folder {
                    println!(
                        "what citizens were told, and the instances' logs, are in {}",
                        folder.display()
                    );
                }
                broken.push(format!("cargo xtask faults room --seed {seed} --only {name}"));
            }
        }
        if now() >= ends {
            break;
        }
    }
    println!("\n{kept} kept, {} broken", broken.len());
    for replay in &broken {
        println!("again: {replay}");
    }
    Ok(broken.is_empty())
}

fn is_wanted(room: &Room, scenario: &dyn Scenario) -> bool {
    room.only.as_ref().is_none_or(|only| only == scenario.name())
}

/// Plays one scenario by name, for tests. The error tells what was broken.
pub async fn play(name: &str, program: &Path, seed: u64) -> Result<()> {
    let scenario = ALL.iter().find(|scenario| scenario.name() == name);
    let scenario = *scenario.with_context(|| format!("there is no scenario {name}"))?;
    let Played { verdict, notes, folder } = play_one(scenario, program, seed).await?;
    println!("{name}, seed {seed}: {verdict}\n{}", notes.join("\n"));
    let logs = folder.map(|folder| format!("\nlogs: {}", folder.display())).unwrap_or_default();
    ensure!(
        verdict.is_kept(),
        "{verdict}{logs}\nagain: cargo xtask faults room --seed {seed} --only {name}"
    );
    Ok(())
}

struct Played {
    verdict: Verdict,
    notes: Vec<String>,
    /// Where history and logs are, if something was broken after the start.
    folder: Option<PathBuf>,
}

async fn play_one(scenario: &dyn Scenario, program: &Path, seed: u64) -> Result<Played> {
    let mut stage = Stage::new(program, seed)?;
    if let Err(error) = scenario.play(&mut stage).await {
        stage.course.troubles.push(format!("{error:#}"));
    }
    let mut events = stage.close().await;
    events.sort_by_key(|event| event.answered);
    let verdict = judge(&stage.course, &events);
    let installation = stage.installation.take().filter(|_| !verdict.is_kept());
    let folder = installation.map(Installation::keep);
    if let Some(folder) = &folder {
        let lines = events.iter().map(|event| format!("{event:?}\n"));
        std::fs::write(folder.join("history.txt"), lines.collect::<String>())?;
    }
    Ok(Played { verdict, notes: std::mem::take(&mut stage.course.notes), folder })
}
