//! The command line: one subcommand, one file under `commands`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;

/// A virtual waiting room and, behind it, a booking API.
#[derive(Parser)]
#[command(name = "einlass", version, about)]
pub struct Cli {
    #[command(flatten)]
    source: ConfigSource,
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration comes from, besides the defaults and the environment.
#[derive(Args)]
pub struct ConfigSource {
    /// A configuration file; it says only what differs from the defaults
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the waiting room
    WaitingRoom,
    /// Run the booking API
    Booking,
    /// Run both services in one process
    Serve,
    /// Send the letters about bookings, and tell other systems what happens
    Worker,
    /// Bring the schema of the booking database up to date
    Migrate,
    /// Note letters that came back, list those that cannot be sent
    #[command(subcommand)]
    Mail(commands::mail::Mail),
    /// Try those who are told what happens, and look at what they have not taken
    #[command(subcommand)]
    Webhook(commands::webhook::Webhook),
    /// Check campaign files, put them into force, look at what is in force
    #[command(subcommand)]
    Campaign(commands::campaign::Campaign),
    /// Look at a waitlist, and call people up by hand
    #[command(subcommand)]
    Waitlist(commands::waitlist::Waitlist),
    /// Look at rooms, change them while people wait, remove them
    #[command(subcommand)]
    Room(commands::room::Room),
    /// Make secret keys
    #[command(subcommand)]
    Keys(commands::keys::Keys),
    /// Tokens of staff, for towns without an identity provider
    #[command(subcommand)]
    Token(commands::token::Token),
    /// Check and show the configuration
    #[command(subcommand)]
    Config(commands::config::ConfigCommand),
    /// Play the Speyer campaign with a simulated rush
    Demo(commands::demo::Demo),
    /// Run both services in memory, with campaigns in every phase, for whoever builds a frontend
    Sandbox(commands::sandbox::Sandbox),
    /// Recompute a draw from what the room has published
    VerifyDraw(commands::verify_draw::VerifyDraw),
}

impl Cli {
    /// Runs the command; returns the exit code.
    pub async fn run(self) -> anyhow::Result<u8> {
        match self.command {
            Command::WaitingRoom => commands::serve::waiting_room(&self.source).await,
            Command::Booking => commands::serve::booking(&self.source).await,
            Command::Serve => commands::serve::both(&self.source).await,
            Command::Worker => commands::worker::run(&self.source).await,
            Command::Mail(command) => command.run(&self.source).await,
            Command::Webhook(command) => Box::pin(command.run(&self.source)).await,
            Command::Migrate => commands::migrate::run(&self.source).await,
            Command::Campaign(command) => Box::pin(command.run(&self.source)).await,
            Command::Waitlist(command) => command.run(&self.source).await,
            Command::Room(command) => command.run(&self.source).await,
            Command::Keys(command) => command.run(&self.source),
            Command::Token(command) => command.run(&self.source),
            Command::Config(command) => command.run(&self.source),
            Command::Demo(demo) => Box::pin(demo.run()).await,
            Command::Sandbox(sandbox) => Box::pin(sandbox.run()).await,
            Command::VerifyDraw(command) => command.run().await,
        }
    }
}

/// Runs `cli` on a runtime of its own; errors go to standard error with all their causes.
#[must_use]
pub fn run(cli: Cli) -> std::process::ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(cli.run()),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("einlass: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
