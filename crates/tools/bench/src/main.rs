//! The rounds of a benchmark, as a process that has a core for itself. `cargo xtask bench` starts it.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    bench::finish(bench::measure(&bench::RoundsOptions::parse()))
}
