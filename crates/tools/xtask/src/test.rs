//! `cargo xtask test`: everything that must hold before a change goes in, one step after the other;
//! the first that fails ends it.
//!
//! What compares a checked-in file with what the code generates (`api-spec/*.json` with the routes,
//! `docs/problems.md` with the catalogue) or the code base with its own rules
//! (`crates/tools/xtask/tests/architecture`) is an ordinary test, so that plain `cargo nextest run` finds
//! it as well. A check that cannot be a test becomes another step in [`steps`].

mod tally;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use test_support::{
    ApiTools, POSTGRES_URL_VARIABLE, PostgresServer, REDIS_URL_VARIABLE, RedisServer,
};

use self::tally::Tally;
use crate::cargo::{self, Cargo, Runner};

/// Checks formats and lints, then runs all tests against real Redis and PostgreSQL
#[derive(clap::Args)]
pub struct Options {
    /// Leave out formats and lints
    #[arg(long)]
    tests_only: bool,
}

/// Runs the steps and closes with the sum of all tests that ran.
pub fn run(options: &Options) -> ExitCode {
    let started = now();
    let mut tally = Tally::default();
    let result = steps(options, &mut tally);
    if let Err(error) = &result {
        eprintln!("\nerror: {error:#}");
    }
    println!("\n{} in all", in_words(started.elapsed()));
    if let Some(sum) = tally.sum() {
        println!("{sum}");
    }
    if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn steps(options: &Options, tally: &mut Tally) -> Result<()> {
    let mut cargo = Cargo::new();
    let runner = step("tools", || cargo::provision_tools(&cargo))?;
    if !options.tests_only {
        step("formats", || cargo.run(&["fmt", "--all", "--check"]))?;
        step("lints", || {
            let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--"];
            cargo.run(&[&lints[..], &["-D", "warnings"]].concat())
        })?;
    }
    step("runtimes", test_support::provision_runtimes)?;
    step("api tools", || ApiTools::provision().map(drop))?;
    // Bound for the rest of the function: dropped, the servers are gone.
    let (redis, postgres) = step("servers", start_servers)?;
    cargo.set(REDIS_URL_VARIABLE, redis.url());
    cargo.set(POSTGRES_URL_VARIABLE, postgres.url("postgres"));
    step("tests", || match runner {
        Runner::Nextest => tally.of_nextest(|line| {
            cargo.run_watching_errors(&["nextest", "run", "--workspace", "--locked"], line)
        }),
        Runner::Libtest => tally.of_libtest(|line| {
            let tests = ["test", "--workspace", "--lib", "--bins", "--tests", "--locked"];
            cargo.run_watching_output(&[&tests[..], &["--no-fail-fast"]].concat(), line)
        }),
    })?;
    step("doc tests", || {
        tally.of_libtest(|line| {
            let tests = ["test", "--doc", "--workspace", "--locked", "--no-fail-fast"];
            cargo.run_watching_output(&tests, line)
        })
    })
}

fn start_servers() -> Result<(RedisServer, PostgresServer)> {
    test_support::provision()?;
    let redis = RedisServer::start_blocking()?;
    let postgres = PostgresServer::start_blocking()?;
    println!("{}\n{}", redis.url(), postgres.url("postgres"));
    Ok((redis, postgres))
}

fn step<T>(name: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n── {name}");
    let started = now();
    let result = run();
    let outcome = if result.is_ok() { "done" } else { "failed" };
    println!("── {name} {outcome} in {}", in_words(started.elapsed()));
    result.map_err(|error| error.context(format!("step '{name}' failed")))
}

fn in_words(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[expect(clippy::disallowed_methods, reason = "tells a developer how long a step took")]
fn now() -> Instant {
    Instant::now()
}
