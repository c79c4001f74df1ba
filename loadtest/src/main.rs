//! `loadtest rush`: the simulated people from the command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use loadtest::{progress, rush};
use tokio::sync::watch;

#[derive(Parser)]
#[command(about = "Simulated people in front of a waiting room and the booking API behind it")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lets people come, and audits the promises at the end
    Rush(Rush),
}

#[derive(clap::Args)]
struct Rush {
    /// Base URL of the waiting room
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    room: String,
    /// Base URL of the booking API
    #[arg(long, default_value = "http://127.0.0.1:8081")]
    booking: String,
    /// Id of the campaign
    #[arg(long)]
    campaign: String,
    /// How many people come
    #[arg(long, default_value_t = 20_000)]
    people: u32,
    /// Seed of their plan
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Share of the eligible among them
    #[arg(long)]
    eligible: Option<f64>,
    /// Most requests in flight at once
    #[arg(long, default_value_t = 256)]
    connections_max: usize,
    /// Stop and audit after so many seconds
    #[arg(long, default_value_t = 600.0)]
    deadline_s: f64,
    /// Factor on the times people take of their own accord
    #[arg(long, default_value_t = 1.0)]
    time_scale: f64,
    /// Print the summary as one line of JSON on stdout; the progress then goes to stderr
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let Command::Rush(arguments) = Arguments::parse().command;
    let mut config = rush::Config::new(&arguments.room, &arguments.booking, &arguments.campaign);
    config.people = arguments.people;
    config.seed = arguments.seed;
    config.connections_max = arguments.connections_max;
    config.deadline_s = arguments.deadline_s;
    config.time_scale = arguments.time_scale;
    if let Some(eligible) = arguments.eligible {
        anyhow::ensure!((0.0..=1.0).contains(&eligible), "--eligible must be between 0 and 1");
        config.shares.eligible = eligible;
    }

    let (sender, receiver) = watch::channel(progress::Progress::default());
    let view = if arguments.json {
        tokio::spawn(progress::show(receiver, std::io::stderr()))
    } else {
        tokio::spawn(progress::show(receiver, std::io::stdout()))
    };
    let summary = rush::run(config, sender).await?;
    view.await?;
    for note in &summary.notes {
        eprintln!("note: {note}");
    }
    for promise in &summary.broken_promises {
        eprintln!("broken promise: {promise}");
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&summary)?);
    } else {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    }
    Ok(if summary.promises_held() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
