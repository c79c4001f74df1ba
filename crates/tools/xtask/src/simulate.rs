//! `cargo xtask simulate`: the rules, driven by simulated people in simulated time.

mod gate;

use std::process::ExitCode;

/// Drives the rules with simulated people, in simulated time
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Gate(gate::Options),
}

pub fn run(options: &Options) -> ExitCode {
    match &options.what {
        What::Gate(options) => gate::run(options),
    }
}
