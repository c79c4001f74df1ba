//! `einlass verify-draw`: recomputes a draw from what a room has published, and nothing else.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use kernel::Slug;
use serde::Deserialize;
use waiting_room::draw::{Digest, Permutation, Secret, seed};

/// Recompute a draw from what the room has published.
#[derive(Args)]
pub struct VerifyDraw {
    /// The room's public status: a URL such as https://…/v1/rooms/NAME, or a file with its JSON
    status: String,
    /// The number of the opening, counted from 0
    #[arg(long, default_value_t = 0)]
    opening: usize,
    /// Also show the place that this entry was drawn
    #[arg(long)]
    entry: Option<u64>,
}

/// What a room publishes of itself, as far as it is needed here.
#[derive(Deserialize)]
struct Status {
    room: Slug,
    draws: Vec<PublishedDraw>,
}

#[derive(Deserialize)]
struct PublishedDraw {
    opening: usize,
    commitment: Digest,
    first_entry: Option<u64>,
    entries: Option<u64>,
    secret: Option<Secret>,
    seed: Option<Digest>,
}

impl VerifyDraw {
    /// Runs the command; the exit code is 1 if what is published does not fit together.
    pub async fn run(self) -> anyhow::Result<u8> {
        let status: Status = serde_json::from_str(&self.read().await?)
            .context("this is not the public status of a room")?;
        let draw = status
            .draws
            .iter()
            .find(|draw| draw.opening == self.opening)
            .with_context(|| format!("the room has no opening {}", self.opening))?;
        let (Some(secret), Some(first), Some(entries)) =
            (draw.secret, draw.first_entry, draw.entries)
        else {
            println!("the draw was not held yet; the room is bound by {}", draw.commitment);
            return Ok(0);
        };
        let committed = secret.commitment() == draw.commitment;
        let recomputed = seed(&status.room, draw.opening, entries, &secret, b"");
        let seeded = draw.seed.is_none_or(|published| published == recomputed);
        println!("commitment  {}  {}", draw.commitment, verdict(committed));
        println!("seed        {recomputed}  {}", verdict(seeded));
        match entries {
            0 => println!("nobody took part"),
            _ => println!(
                "{entries} people took part, with the entries {first} to {}",
                first + entries - 1
            ),
        }
        if let Some(entry) = self.entry {
            print_place(entry, first, entries, &recomputed);
        }
        Ok(u8::from(!(committed && seeded)))
    }

    async fn read(&self) -> anyhow::Result<String> {
        if self.status.starts_with("http://") || self.status.starts_with("https://") {
            let response = reqwest::get(&self.status).await?.error_for_status()?;
            return Ok(response.text().await?);
        }
        let path = PathBuf::from(&self.status);
        std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
    }
}

fn verdict(holds: bool) -> &'static str {
    if holds { "fits" } else { "DOES NOT FIT" }
}

fn print_place(entry: u64, first: u64, entries: u64, seed: &Digest) {
    if (first..first + entries).contains(&entry) {
        let place = first + Permutation::new(seed, entries).apply(entry - first);
        println!("entry {entry} was drawn place {place}: {} are called before it", place - first);
    } else if entry < first {
        println!("entry {entry} came before this gathering and kept its earlier place");
    } else {
        println!("entry {entry} came after the draw and queues in order of arrival");
    }
}
