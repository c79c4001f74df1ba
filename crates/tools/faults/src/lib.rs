//! Fault runs: real instances and real servers, broken on purpose, while a crowd of simulated
//! citizens uses them over HTTP.
//!
//! The two parts of the product, [`room`] and [`booking`], are broken separately, in the same way. A
//! [`play::Scenario`] is the story of one fault. It knows what it breaks and when it has repaired it,
//! and notes that in the course of the run. Every citizen notes what it was told, which is the
//! history. Afterwards a judge compares the two; that of the booking API also reads the database.
//! What is drawn (who does what when, when a fault strikes) comes from a seed; what differs between
//! two runs of a seed is timing.

mod booking;
mod clock;
mod http;
mod installation;
mod instance;
mod play;
mod process;
mod proxy;
mod room;
mod signal;
mod verdict;
mod waits;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::builder::PossibleValuesParser;

use crate::play::{Selection, Staged, names};

/// Breaks the servers and processes of the product, and judges by what citizens were told
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    part: Part,
}

#[derive(clap::Subcommand)]
enum Part {
    /// The waiting room
    #[command(mut_arg("only", |only| only.value_parser(scenarios_of::<room::stage::Stage>())))]
    Room {
        #[command(flatten)]
        selection: Selection,
        /// Plays the attack only: programs that want what is meant for citizens
        #[arg(long, conflicts_with = "only")]
        attack: bool,
    },
    /// The booking API
    #[command(mut_arg("only", |only| only.value_parser(scenarios_of::<booking::stage::Stage>())))]
    Booking(Selection),
}

fn scenarios_of<S: Staged>() -> PossibleValuesParser {
    PossibleValuesParser::new(names::<S>())
}

/// Plays the scenarios. `build` gives the program `einlass`, if none is named. Fails if a promise was
/// broken.
#[must_use]
pub fn run(options: &Options, build: impl FnOnce() -> Result<PathBuf>) -> ExitCode {
    let played = match &options.part {
        Part::Room { selection, attack: false } => {
            play::play_all::<room::stage::Stage>(selection, build)
        }
        Part::Room { selection, attack: true } => {
            play::play_all::<room::stage::Stage>(&selection.only("attack"), build)
        }
        Part::Booking(selection) => play::play_all::<booking::stage::Stage>(selection, build),
    };
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Plays one scenario of the waiting room by name, for tests. The error tells what was broken.
pub async fn play_room(name: &str, program: &Path, seed: u64) -> Result<()> {
    play::play::<room::stage::Stage>(name, program, seed).await
}

/// Plays one scenario of the booking API by name, for tests. The error tells what was broken.
pub async fn play_booking(name: &str, program: &Path, seed: u64) -> Result<()> {
    play::play::<booking::stage::Stage>(name, program, seed).await
}
