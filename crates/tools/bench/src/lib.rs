//! `cargo xtask bench`: what the two services sustain, each figure against its limit in the same run.
//!
//! Two processes take turns. [`run`] builds everything with optimisation and starts Redis (`appendfsync
//! always`) and PostgreSQL (`fsync` on). It then starts the program `bench-rounds`, alone on one core,
//! which is [`measure`]: that is the load generator. The server under test is alone on another core, with
//! one worker; Redis and PostgreSQL may use all cores. What is compared takes turns within a round (A B
//! A B …), and a figure is the median of its rounds. Nothing here fails because something was slow.

mod booking;
mod campaigns;
mod cores;
mod einlass;
mod figure;
mod http;
mod load;
mod many_rooms;
mod pgbench;
mod redis;
mod room;
mod service;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use test_support::{PostgresServer, RedisServer};

use crate::cores::Cores;
use crate::einlass::{Einlass, Stores};
use crate::figure::Report;

/// Measures what the services sustain, each figure against its limit in the same run
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    extent: Extent,
}

/// How much is measured.
#[derive(clap::Args)]
struct Extent {
    /// What is measured
    #[arg(value_enum, default_value = "all")]
    part: Part,
    /// Write the figures into this file as well, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How often each figure is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each measurement takes
    #[arg(long, value_name = "S", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// How many people wait in one room while its memory in Redis is measured
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    waiting: u32,
    /// How many rooms one instance has while the renewal of its views is measured
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    rooms: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The waiting room
    Room,
    /// The booking API
    Booking,
    /// Both
    All,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Booking => "booking",
            Self::All => "all",
        }
    }
}

/// The second process: all is built and the servers run
#[derive(clap::Parser)]
pub struct RoundsOptions {
    #[command(flatten)]
    extent: Extent,
    /// The folder of the optimised programs
    #[arg(long)]
    programs: PathBuf,
    /// The core of the server under test
    #[arg(long)]
    server_core: usize,
    /// The core this process runs on
    #[arg(long)]
    load_core: usize,
    #[arg(long)]
    redis: String,
    #[arg(long)]
    postgres: String,
}

/// Builds, starts Redis and PostgreSQL, and has the rounds run on a core of their own. `cargo` runs
/// cargo with these arguments.
#[must_use]
pub fn run(options: &Options, cargo: impl Fn(&[&str]) -> Result<()>) -> ExitCode {
    finish(prepare_and_run(&options.extent, cargo))
}

/// Tells an error on standard error, and gives the exit code.
#[must_use]
pub fn finish(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn prepare_and_run(extent: &Extent, cargo: impl Fn(&[&str]) -> Result<()>) -> Result<()> {
    let cores = Cores::of_this_machine()?;
    for program in [
        ["einlass", "--bin", "einlass"],
        ["waiting-room-http", "--example", "plain"],
        ["bench", "--bin", "bench-rounds"],
    ] {
        cargo(&[&["build", "--release", "--locked", "--package"], &program[..]].concat())?;
    }
    test_support::provision()?;
    let redis = RedisServer::start_blocking()?;
    let postgres = PostgresServer::start_blocking()?;
    let programs = release_folder()?;

    let mut rounds = cores.pinned(cores.load, &programs.join("bench-rounds"));
    rounds.arg(extent.part.name());
    rounds.arg("--programs").arg(&programs);
    rounds.args(["--server-core", &cores.server.to_string()]);
    rounds.args(["--load-core", &cores.load.to_string()]);
    rounds.args(["--redis", &redis.url(), "--postgres", &postgres.url("postgres")]);
    rounds.args(["--rounds", &extent.rounds.to_string()]);
    rounds.args(["--seconds", &extent.seconds.to_string()]);
    rounds.args(["--waiting", &extent.waiting.to_string()]);
    rounds.args(["--rooms", &extent.rooms.to_string()]);
    if let Some(file) = &extent.json {
        rounds.arg("--json").arg(file);
    }
    let status = rounds.status().context("failed to run taskset (Debian: util-linux)")?;
    ensure!(status.success(), "the rounds ended with {status}");
    Ok(())
}

/// Beside the folder of the profile that this program was built with.
fn release_folder() -> Result<PathBuf> {
    let this_program = std::env::current_exe().context("failed to find this program")?;
    let target = this_program.parent().and_then(Path::parent);
    Ok(target.context("this program lies in no target folder")?.join("release"))
}

/// Runs the rounds; this process is the load generator.
pub fn measure(options: &RoundsOptions) -> Result<()> {
    let cores = Cores { server: options.server_core, load: options.load_core };
    let Extent { part, json, rounds, seconds, waiting, rooms } = &options.extent;
    let bench = Bench {
        cores,
        rounds: *rounds,
        seconds: *seconds,
        waiting: *waiting,
        rooms: *rooms,
        redis: options.redis.clone(),
    };
    let mut report = Report::new(&bench);
    let database = pgbench::create_database(&options.postgres, "einlass")?;
    let set_up = |prefix| {
        Einlass::set_up(
            &options.programs,
            cores,
            &Stores { redis: &bench.redis, prefix, database: &database },
        )
    };
    let measured = (|| {
        let einlass = set_up("einlass")?;
        if matches!(part, Part::Room | Part::All) {
            report.add(room::measure(&bench, &einlass)?);
            report.add(many_rooms::measure(&bench, &set_up("many")?)?);
        }
        if matches!(part, Part::Booking | Part::All) {
            let limit = pgbench::create_database(&options.postgres, "pgbench")?;
            report.add(booking::measure(&bench, &einlass, &limit)?);
        }
        Ok(())
    })();
    // What was measured before an error is shown all the same.
    println!("\n{report}");
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&report.to_json())?;
        std::fs::write(file, text + "\n")
            .with_context(|| format!("failed to write {}", file.display()))?;
    }
    measured
}

/// What all measurements have in common.
struct Bench {
    cores: Cores,
    rounds: u32,
    seconds: u32,
    /// How many people wait in one room.
    waiting: u32,
    /// How many rooms one instance has.
    rooms: u32,
    /// Where Redis is.
    redis: String,
}
