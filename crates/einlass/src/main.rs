//! `einlass`: see `einlass --help`.

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    einlass::cli::run(einlass::cli::Cli::parse())
}
