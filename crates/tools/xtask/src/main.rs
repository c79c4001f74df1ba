//! The developer's commands, as `cargo xtask <command>`. One module per command; each has an
//! `Options` for clap and a `run`.
//!
//! Knows none of the workspace's crates but `test-support` and `loadtest`: what it runs, it runs as a
//! user would.

mod bench;
mod cargo;
mod test;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", about = "The developer's commands")]
enum Command {
    Test(test::Options),
    Bench(bench::Options),
    #[command(hide = true)]
    BenchRounds(bench::RoundsOptions),
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::BenchRounds(options) => bench::run_rounds(&options),
    }
}
