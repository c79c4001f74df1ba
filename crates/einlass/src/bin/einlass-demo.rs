//! `cargo demo`: the same as `einlass demo`.

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    let arguments = ["einlass".to_owned(), "demo".to_owned()];
    einlass::cli::run(einlass::cli::Cli::parse_from(
        arguments.into_iter().chain(std::env::args().skip(1)),
    ))
}
