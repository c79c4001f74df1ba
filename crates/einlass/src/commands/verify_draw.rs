//! `einlass verify-draw`: recomputes a draw from what a room has published, and nothing else.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use waiting_room::draw::published::{
    CheckedDraw, HeldDraw, Mismatch, PUBLIC_LANE, PublishedRoom, Stage,
};
use waiting_room::draw::{Digest, lot, place_in};

/// How long a room may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest status that is read, in bytes. A room with a hundred openings has some 50 kB.
const STATUS_BYTES_MAX: usize = 1_048_576;

/// Recompute a draw from what the room has published. The exit code is 1 if anything does not fit.
#[derive(Args)]
pub struct VerifyDraw {
    /// The room's public status: a URL such as <https://…/v1/rooms/NAME>, or a file with its JSON
    status: String,
    /// The number of the opening, counted from 0
    #[arg(long, default_value_t = 0)]
    opening: usize,
    /// Also show the lot and the place of this subject: 32 hexadecimal digits, as the ticket says
    #[arg(long, value_name = "HEX", value_parser = subject)]
    subject: Option<[u8; 16]>,
    /// The lane in which the subject stands
    #[arg(long, default_value = PUBLIC_LANE)]
    lane: String,
    /// A commitment noted before the draw, 64 hexadecimal digits: it must be the published one
    #[arg(long, value_name = "HEX")]
    commitment: Option<Digest>,
}

impl VerifyDraw {
    /// Runs the command.
    pub async fn run(self) -> anyhow::Result<u8> {
        let text = read(&self.status).await?;
        let room: PublishedRoom = serde_json::from_str(&text)
            .with_context(|| format!("{} is not the public status of a room", self.status))?;
        let checked = room.check(self.opening, self.commitment)?;
        print!("{}", self.report(&room, &checked)?);
        Ok(u8::from(!checked.mismatches.is_empty()))
    }

    fn report(&self, room: &PublishedRoom, checked: &CheckedDraw) -> anyhow::Result<String> {
        let mut lines = String::new();
        let fits = |wrong: fn(&Mismatch) -> bool| {
            if checked.mismatches.iter().any(wrong) { "DOES NOT FIT" } else { "fits" }
        };
        let PublishedRoom { room: name, incarnation, .. } = room;
        writeln!(lines, "room        {name}, incarnation {incarnation}, opening {}", self.opening)?;
        if let Some(noted) = self.commitment {
            let verdict = fits(|found| matches!(found, Mismatch::NotedCommitment { .. }));
            writeln!(lines, "noted       {noted}  {verdict}")?;
        }
        write!(lines, "commitment  {}", checked.commitment)?;
        match &checked.stage {
            Stage::Ahead => {
                writeln!(lines, "\nthe draw was not held yet; the commitment binds the room")?;
            }
            Stage::AwaitsEntropy { entries } => {
                writeln!(lines, "  {}", fits(|found| matches!(found, Mismatch::Secret { .. })))?;
                writeln!(lines, "entries     {entries}")?;
                writeln!(lines, "the draw waits for the public entropy that the room announced")?;
            }
            Stage::Held(held) => {
                writeln!(lines, "  {}", fits(|found| matches!(found, Mismatch::Secret { .. })))?;
                if let Some(entropy) = &held.entropy {
                    writeln!(lines, "entropy     {:?}", entropy.text())?;
                }
                let verdict = fits(|found| matches!(found, Mismatch::Seed { .. }));
                writeln!(lines, "seed        {}  {verdict}", held.seed)?;
                let verdict = fits(|found| matches!(found, Mismatch::Lanes { .. }));
                writeln!(lines, "entries     {}  {verdict}", held.entries)?;
                self.report_subject(held, &mut lines)?;
            }
        }
        match &checked.mismatches[..] {
            [] => writeln!(lines, "everything that is published fits together")?,
            mismatches => {
                for mismatch in mismatches {
                    writeln!(lines, "DOES NOT FIT: {mismatch}")?;
                }
            }
        }
        Ok(lines)
    }

    fn report_subject(&self, held: &HeldDraw, lines: &mut String) -> anyhow::Result<()> {
        let Some(subject) = self.subject else { return Ok(()) };
        let Some(lane) = held.lanes.get(&self.lane) else {
            let known: Vec<&str> = held.lanes.keys().map(String::as_str).collect();
            bail!("the draw has no lane {}; it has {}", self.lane, known.join(", "));
        };
        ensure!(lane.entries > 0, "nobody took part in lane {}", self.lane);
        let number = lot(&held.seed, &subject);
        let place = place_in(lane.first, lane.entries, number);
        let last = lane.first + lane.entries - 1;
        writeln!(lines, "lot         {number}")?;
        writeln!(lines, "place       {place} of the places {} to {last}", lane.first)?;
        Ok(())
    }
}

fn subject(text: &str) -> Result<[u8; 16], &'static str> {
    Some(text)
        .filter(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|text| u128::from_str_radix(text, 16).ok())
        .map(u128::to_be_bytes)
        .ok_or("a subject has 32 hexadecimal digits")
}

async fn read(status: &str) -> anyhow::Result<String> {
    if !(status.starts_with("http://") || status.starts_with("https://")) {
        return std::fs::read_to_string(Path::new(status))
            .with_context(|| format!("failed to read {status}"));
    }
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let mut response = client.get(status).send().await?.error_for_status()?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        ensure!(
            bytes.len() <= STATUS_BYTES_MAX,
            "{status} is longer than {STATUS_BYTES_MAX} bytes, so it is not the status of a room"
        );
    }
    String::from_utf8(bytes).with_context(|| format!("{status} is not text"))
}

#[cfg(test)]
mod tests;
