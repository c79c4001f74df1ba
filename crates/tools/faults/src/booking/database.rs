//! What the database holds at the end of a run.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

/// The rows that the judge holds against what was told. Ids are in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Database {
    pub slots: Vec<SlotRow>,
    pub holds: Vec<HoldRow>,
    pub bookings: Vec<BookingRow>,
    pub events: Vec<EventsRow>,
}

/// A slot with its counters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SlotRow {
    pub id: String,
    pub capacity: i64,
    pub released: i64,
    pub taken: i64,
}

/// A hold, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HoldRow {
    pub id: String,
    pub slot: String,
    pub seats: i64,
    pub seats_booked: i64,
    pub state: String,
}

/// A booking, also a cancelled one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BookingRow {
    pub id: String,
    pub slot: String,
    pub code: String,
    pub status: String,
    pub hold: Option<String>,
    pub pass: String,
    pub person_key: String,
}

/// The events of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventsRow {
    pub campaign: String,
    pub first: u64,
    pub last: u64,
    /// A JSON array, as it was hashed.
    pub text: String,
    /// The hash after the last of them.
    pub hash: String,
}

impl BookingRow {
    pub fn is_confirmed(&self) -> bool {
        self.status == "confirmed"
    }
}

/// All in one statement, so at one instant.
const ROWS: &str = "SELECT json_build_object(
  'slots', (SELECT coalesce(json_agg(json_build_object(
      'id', id, 'capacity', capacity, 'released', released, 'taken', taken)), '[]') FROM slot),
  'holds', (SELECT coalesce(json_agg(json_build_object(
      'id', encode(id, 'hex'), 'slot', slot, 'seats', seats, 'seats_booked', seats_booked,
      'state', state)), '[]') FROM hold),
  'bookings', (SELECT coalesce(json_agg(json_build_object(
      'id', encode(id, 'hex'), 'slot', slot, 'code', code, 'status', status,
      'hold', encode(hold, 'hex'), 'pass', encode(pass_id, 'hex'),
      'person_key', encode(person_key, 'hex'))), '[]') FROM booking),
  'events', (SELECT coalesce(json_agg(json_build_object(
      'campaign', campaign, 'first', first_number, 'last', last_number, 'text', events,
      'hash', encode(hash, 'hex')) ORDER BY last_number), '[]') FROM event))";

impl Database {
    /// Reads it.
    pub async fn read(url: &str) -> Result<Self> {
        let rows = psql(url, &[ROWS]).await.context("failed to read the database")?;
        serde_json::from_slice(&rows).context("failed to understand the database")
    }
}

/// Lets every flush of the log wait so long, those that commit at the same time together, as a slow
/// disk does: whoever flushes sleeps before the sync, and keeps the others from flushing meanwhile.
/// At most 100 ms.
pub async fn slow_commits(url: &str, ms: u32) -> Result<()> {
    let delay = format!("ALTER SYSTEM SET commit_delay = {}", ms * 1_000);
    // Also if nobody else is in a transaction.
    let always = "ALTER SYSTEM SET commit_siblings = 0";
    psql(url, &[&delay, always, "SELECT pg_reload_conf()"]).await.map(drop)
}

/// What these statements give, one after the other.
async fn psql(url: &str, statements: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(test_support::locate_postgres()?.program("psql"))
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", url])
        .args(["--set", "ON_ERROR_STOP=1"])
        .args(statements.iter().flat_map(|statement| ["--command", statement]))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("failed to run psql")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "psql: {}", errors.trim());
    Ok(output.stdout)
}
