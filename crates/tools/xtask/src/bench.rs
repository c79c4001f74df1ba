//! `cargo xtask bench`: what the two services sustain, each figure against its limit in the same run.
//!
//! Two processes take turns. [`run`] builds everything with optimisation and starts Redis (`appendfsync
//! always`) and PostgreSQL (`fsync` on). It then starts the optimised xtask again, alone on one core,
//! as [`run_rounds`]: that is the load generator. The server under test is alone on another core, with
//! one worker; Redis and PostgreSQL may use all cores. What is compared takes turns within a round (A B
//! A B …), and a figure is the median of its rounds. Nothing here fails because something was slow.

mod booking;
mod campaigns;
mod cores;
mod einlass;
mod figure;
mod http;
mod load;
mod pgbench;
mod redis;
mod service;
mod waiting_room;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use test_support::{PostgresServer, RedisServer};

use self::cores::Cores;
use self::einlass::Einlass;
use self::figure::Report;
use crate::cargo::Cargo;

/// Measures the first figures, each against its limit in the same run
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    extent: Extent,
}

/// How much is measured.
#[derive(clap::Args)]
struct Extent {
    /// Write the figures into this file as well, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How often each figure is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each measurement takes
    #[arg(long, value_name = "S", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Measure one of the services only
    #[arg(long, value_enum)]
    only: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    WaitingRoom,
    Booking,
}

/// The second process: all is built and the servers run
#[derive(clap::Args)]
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

/// Builds, starts Redis and PostgreSQL, and has the rounds run on a core of their own.
pub fn run(options: &Options) -> ExitCode {
    finish(prepare_and_run(&options.extent))
}

/// Runs the rounds; this process is the load generator.
pub fn run_rounds(options: &RoundsOptions) -> ExitCode {
    finish(rounds(options))
}

fn finish(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn prepare_and_run(extent: &Extent) -> Result<()> {
    let cores = Cores::of_this_machine()?;
    let cargo = Cargo::new();
    cargo.run(&["build", "--release", "--locked", "--package", "einlass", "--bin", "einlass"])?;
    cargo.run(
        &[
            &["build", "--release", "--locked", "--package", "waiting-room-http"][..],
            &["--example", "plain"],
        ]
        .concat(),
    )?;
    cargo.run(&["build", "--release", "--locked", "--package", "xtask"])?;
    test_support::provision()?;
    let redis = RedisServer::start_blocking()?;
    let postgres = PostgresServer::start_blocking()?;
    let programs = release_folder()?;

    let mut rounds = cores.pinned(cores.load, &programs.join("xtask"));
    rounds.arg("bench-rounds").arg("--programs").arg(&programs);
    rounds.args(["--server-core", &cores.server.to_string()]);
    rounds.args(["--load-core", &cores.load.to_string()]);
    rounds.args(["--redis", &redis.url(), "--postgres", &postgres.url("postgres")]);
    rounds.args(["--rounds", &extent.rounds.to_string()]);
    rounds.args(["--seconds", &extent.seconds.to_string()]);
    if let Some(file) = &extent.json {
        rounds.arg("--json").arg(file);
    }
    match extent.only {
        None => {}
        Some(Part::WaitingRoom) => _ = rounds.args(["--only", "waiting-room"]),
        Some(Part::Booking) => _ = rounds.args(["--only", "booking"]),
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

fn rounds(options: &RoundsOptions) -> Result<()> {
    let cores = Cores { server: options.server_core, load: options.load_core };
    let Extent { rounds, seconds, only, json } = &options.extent;
    let redis = options.redis.clone();
    let bench = Bench { cores, rounds: *rounds, seconds: *seconds, redis };
    let mut report = Report::new(&bench);
    let einlass = Einlass::set_up(
        &options.programs,
        cores,
        &options.redis,
        &pgbench::create_database(&options.postgres, "einlass")?,
    )?;
    if *only != Some(Part::Booking) {
        report.add(waiting_room::measure(&bench, &einlass)?);
    }
    if *only != Some(Part::WaitingRoom) {
        let limit = pgbench::create_database(&options.postgres, "pgbench")?;
        report.add(booking::measure(&bench, &einlass, &limit)?);
    }
    println!("\n{report}");
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&report.to_json())?;
        std::fs::write(file, text + "\n")
            .with_context(|| format!("failed to write {}", file.display()))?;
    }
    Ok(())
}

/// What all measurements have in common.
struct Bench {
    cores: Cores,
    rounds: u32,
    seconds: u32,
    /// Where Redis is.
    redis: String,
}
