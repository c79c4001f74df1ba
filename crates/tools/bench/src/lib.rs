//! `cargo xtask bench`: what the two services sustain, each figure against its limit in the same run.
//!
//! Two processes take turns. [`run`] builds everything with optimisation and starts Redis (`appendfsync
//! always`) and PostgreSQL (`fsync` on). It then starts the program `bench-rounds`, which is [`measure`]:
//! that is the load generator. For the waiting room it keeps to one core, and the server under test has
//! another for itself, with one worker; Redis and PostgreSQL may use all. For the booking API everything
//! shares all cores. What is compared takes turns within a round (A B A B …), and a figure is the median
//! of its rounds. Nothing here fails because something was slow.

mod booking;
mod campaigns;
mod cores;
mod cpu;
mod einlass;
mod figure;
mod http;
mod load;
mod many_rooms;
mod pgbench;
mod postgres;
mod redis;
mod room;
mod service;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use test_support::{PostgresServer, RedisServer};

use crate::booking::Group;
use crate::cores::{Cores, Place};
use crate::einlass::{Einlass, Setup};
use crate::figure::Report;
use crate::postgres::Postgres;

/// Measures what the services sustain, each figure against its limit in the same run
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    extent: Extent,
    /// Measure the programs in this folder, and build nothing
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
}

/// How much is measured.
#[derive(clap::Args)]
struct Extent {
    /// What is measured
    #[arg(value_enum, default_value = "all")]
    part: Part,
    /// Of the booking API, only these figures
    #[arg(long, value_enum, value_name = "FIGURES", value_delimiter = ',')]
    only: Vec<Group>,
    /// Threads of each service while the booking API is measured; 0 is one for each processor, as shipped
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_024))]
    workers: u32,
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
    /// How many places the largest campaign has
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(2_500..=1_000_000))]
    places: u32,
    /// How many rows of a campaign that is over are deleted
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    rows: u32,
    /// How many follow one room at once
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    streams: u32,
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

/// The second process: all is built and the servers run
#[derive(clap::Parser)]
pub struct RoundsOptions {
    #[command(flatten)]
    extent: Extent,
    /// The folder of the optimised programs
    #[arg(long)]
    programs: PathBuf,
    #[arg(long)]
    redis: String,
    #[arg(long)]
    postgres: String,
}

impl Extent {
    /// As the second process takes them.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![name(&self.part)];
        arguments.extend(self.only.iter().map(|group| format!("--only={}", name(group))));
        let numbers = [
            ("workers", self.workers),
            ("rounds", self.rounds),
            ("seconds", self.seconds),
            ("waiting", self.waiting),
            ("streams", self.streams),
            ("rooms", self.rooms),
            ("places", self.places),
            ("rows", self.rows),
        ];
        arguments.extend(numbers.map(|(name, value)| format!("--{name}={value}")));
        arguments
    }
}

/// Of a value on the command line.
fn name(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Builds, starts Redis and PostgreSQL, and has the rounds run. `cargo` runs cargo with these arguments.
#[must_use]
pub fn run(options: &Options, cargo: impl Fn(&[&str]) -> Result<()>) -> ExitCode {
    finish(prepare_and_run(options, cargo))
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

fn prepare_and_run(options: &Options, cargo: impl Fn(&[&str]) -> Result<()>) -> Result<()> {
    let programs = match &options.programs {
        Some(folder) => std::path::absolute(folder)?,
        None => build(cargo)?,
    };
    test_support::provision()?;
    let redis = RedisServer::start_blocking()?;
    let postgres = PostgresServer::start_blocking()?;

    let mut rounds = with_files_max(&programs.join("bench-rounds"));
    rounds.args(options.extent.arguments()).arg("--programs").arg(&programs);
    rounds.args(["--redis", &redis.url(), "--postgres", &postgres.url("postgres")]);
    if let Some(file) = &options.extent.json {
        rounds.arg("--json").arg(file);
    }
    let status = rounds.status().context("failed to run the shell")?;
    ensure!(status.success(), "the rounds ended with {status}");
    Ok(())
}

/// A command that runs `program` with as many open files, and so connections, as the system allows: the
/// usual limit is 1,024. The process keeps its id: the shell becomes the program.
fn with_files_max(program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"ulimit -n "$(ulimit -Hn)"; exec "$0" "$@""#]).arg(program);
    command
}

/// Builds all programs with optimisation; gives their folder.
fn build(cargo: impl Fn(&[&str]) -> Result<()>) -> Result<PathBuf> {
    for program in [
        ["einlass", "--bin", "einlass"],
        ["waiting-room-http", "--example", "plain"],
        ["bench", "--bin", "bench-rounds"],
    ] {
        cargo(&[&["build", "--release", "--locked", "--package"], &program[..]].concat())?;
    }
    release_folder()
}

/// Beside the folder of the profile that this program was built with.
fn release_folder() -> Result<PathBuf> {
    let this_program = std::env::current_exe().context("failed to find this program")?;
    let target = this_program.parent().and_then(Path::parent);
    Ok(target.context("this program lies in no target folder")?.join("release"))
}

/// Runs the rounds; this process is the load generator.
pub fn measure(options: &RoundsOptions) -> Result<()> {
    let extent = &options.extent;
    let bench = Bench {
        cores: Cores::of_this_machine()?,
        rounds: extent.rounds,
        seconds: extent.seconds,
        waiting: extent.waiting,
        streams: extent.streams,
        rooms: extent.rooms,
        places: extent.places,
        rows: extent.rows,
        workers: extent.workers,
        programs: options.programs.clone(),
        redis: options.redis.clone(),
        postgres: Postgres::at(&options.postgres)?,
    };
    let mut report = Report::new(bench.about());
    let measured = (|| {
        if matches!(extent.part, Part::Room | Part::All) {
            measure_room(&bench, &mut report)?;
        }
        if matches!(extent.part, Part::Booking | Part::All) {
            booking::measure(&bench, &extent.only, &mut report)?;
        }
        Ok(())
    })();
    // What was measured before an error is shown all the same.
    println!("\n{report}");
    if let Some(file) = &extent.json {
        let text = serde_json::to_string_pretty(&report.to_json())?;
        std::fs::write(file, text + "\n")
            .with_context(|| format!("failed to write {}", file.display()))?;
    }
    measured
}

/// Every server gets one worker: what is compared is what one core can do.
fn measure_room(bench: &Bench, report: &mut Report) -> Result<()> {
    bench.cores.move_this_process(Place::Core(bench.cores.load))?;
    let database = &bench.postgres.create_database("einlass")?;
    let set_up = |prefix| bench.set_up(&Setup { prefix, database, workers: 1, further: "" });
    report.add(room::measure(bench, &set_up("einlass")?)?);
    report.add(many_rooms::measure(bench, &set_up("many")?)?);
    bench.cores.move_this_process(Place::Anywhere)
}

/// What all measurements have in common.
struct Bench {
    cores: Cores,
    rounds: u32,
    seconds: u32,
    /// How many people wait in one room.
    waiting: u32,
    /// How many follow one room at once.
    streams: u32,
    /// How many rooms one instance has.
    rooms: u32,
    /// How many places the largest campaign has.
    places: u32,
    /// How many rows of a campaign that is over are deleted.
    rows: u32,
    /// Threads of each service while the booking API is measured.
    workers: u32,
    /// The folder of the programs.
    programs: PathBuf,
    /// Where Redis is.
    redis: String,
    postgres: Postgres,
}

impl Bench {
    fn set_up(&self, setup: &Setup<'_>) -> Result<Einlass> {
        Einlass::set_up(&self.programs, &self.redis, setup)
    }

    /// What a reader must know of the circumstances.
    fn about(&self) -> Vec<(&'static str, String)> {
        let Cores { server, load, .. } = self.cores;
        let workers = match self.workers {
            0 => "one for each processor".to_owned(),
            number => number.to_string(),
        };
        vec![
            (
                "cores",
                format!(
                    "waiting room: server on {server}, load on {load}, Redis and PostgreSQL on all; \
                     booking API: everything on all"
                ),
            ),
            ("workers", format!("waiting room: 1; booking API: {workers}")),
            ("rounds", format!("{} of {} s", self.rounds, self.seconds)),
        ]
    }
}
