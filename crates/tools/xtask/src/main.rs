//! The developer's commands, as `cargo xtask <command>`. One module per command; each has an
//! `Options` for clap and a `run`.
//!
//! Knows of the workspace's crates only those beside it in `crates/tools`, and for `simulate` the waiting
//! room's rules: what it runs, it runs as a user would.

mod cargo;
mod simulate;
mod test;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", about = "The developer's commands")]
enum Command {
    Test(test::Options),
    Bench(bench::Options),
    Faults(faults::Options),
    Simulate(simulate::Options),
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => {
            bench::run(&options, |arguments| cargo::Cargo::new().run(arguments))
        }
        Command::Simulate(options) => simulate::run(&options),
        Command::Faults(options) => faults::run(&options, || cargo::Cargo::new().build_einlass()),
    }
}
