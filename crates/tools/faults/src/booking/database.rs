//! What the database holds at the end of a run.

use std::collections::HashSet;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::clock::UnixMs;
use crate::proxy::Proxy;

/// The rows that the judge holds against what was told. Ids are in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Database {
    pub slots: Vec<SlotRow>,
    pub holds: Vec<HoldRow>,
    pub bookings: Vec<BookingRow>,
    pub entries: Vec<EntryRow>,
    pub offers: Vec<OfferRow>,
    pub mails: Vec<MailRow>,
    pub events: Vec<EventsRow>,
}

/// A slot with its counters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SlotRow {
    pub id: String,
    pub capacity: i64,
    pub released: i64,
    pub taken: i64,
    /// Kept for those who wait.
    pub reserved: i64,
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

/// Somebody on the waitlist, also who waits no longer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EntryRow {
    pub id: String,
    pub state: String,
    pub booking: Option<String>,
    pub pass: String,
    pub person_key: String,
}

/// A place that was offered to one entry, whatever came of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OfferRow {
    pub id: String,
    pub entry: String,
    pub slot: String,
    pub state: String,
    pub expires_at: UnixMs,
    pub ended_at: Option<UnixMs>,
}

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MailRow {
    /// As in its `Message-ID`.
    pub id: String,
    pub kind: String,
    /// The booking that it tells of, or the entry of the waitlist.
    pub about: String,
    pub status: String,
    pub reason: Option<String>,
    pub attempts: i64,
    pub due_at: UnixMs,
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
      'id', id, 'capacity', capacity, 'released', released, 'taken', taken,
      'reserved', reserved)), '[]') FROM slot),
  'holds', (SELECT coalesce(json_agg(json_build_object(
      'id', encode(id, 'hex'), 'slot', slot, 'seats', seats, 'seats_booked', seats_booked,
      'state', state)), '[]') FROM hold),
  'bookings', (SELECT coalesce(json_agg(json_build_object(
      'id', encode(id, 'hex'), 'slot', slot, 'code', code, 'status', status,
      'hold', encode(hold, 'hex'), 'pass', encode(pass_id, 'hex'),
      'person_key', encode(person_key, 'hex'))), '[]') FROM booking),
  'entries', (SELECT coalesce(json_agg(json_build_object(
      'id', encode(id, 'hex'), 'state', state, 'booking', encode(booking, 'hex'),
      'pass', encode(pass_id, 'hex'), 'person_key', encode(person_key, 'hex'))), '[]')
      FROM waitlist_entry),
  'offers', (SELECT coalesce(json_agg(json_build_object(
      'id', encode(id, 'hex'), 'entry', encode(entry, 'hex'), 'slot', slot, 'state', state,
      'expires_at', expires_at_ms, 'ended_at', ended_at_ms)), '[]') FROM offer),
  'mails', (SELECT coalesce(json_agg(json_build_object(
      'id', concat_ws('.', campaign, number, kind, copy), 'kind', kind,
      'about', encode(about, 'hex'), 'status', status, 'reason', reason,
      'attempts', attempts, 'due_at', due_at_ms)), '[]') FROM mail),
  'events', (SELECT coalesce(json_agg(json_build_object(
      'campaign', campaign, 'first', first_number, 'last', last_number, 'text', events,
      'hash', encode(hash, 'hex')) ORDER BY last_number), '[]') FROM event))";

impl Database {
    /// Reads it.
    pub async fn read(url: &str) -> Result<Self> {
        let rows = psql(url, &[ROWS]).await.context("failed to read the database")?;
        serde_json::from_slice(&rows).context("failed to understand the database")
    }

    /// Places that are free, or kept for those who wait, and are not offered, though somebody waits who is offered
    /// nothing and has not declined such a place.
    pub fn places_not_offered(&self) -> Vec<String> {
        let open: HashSet<&str> = self.open_offers().map(|offer| &*offer.entry).collect();
        let idle = |entry: &&EntryRow| entry.is_waiting() && !open.contains(&*entry.id);
        let idle: Vec<_> = self.entries.iter().filter(idle).collect();
        let mut found = Vec::new();
        for slot in &self.slots {
            let offered = self.open_offers().filter(|offer| offer.slot == slot.id).count();
            let free = slot.released - slot.taken - i64::try_from(offered).unwrap_or(i64::MAX);
            let declined = |entry: &EntryRow| {
                let of_slot = |offer: &&OfferRow| offer.entry == entry.id && offer.slot == slot.id;
                self.offers.iter().filter(of_slot).any(|offer| offer.state == "declined")
            };
            let wants = idle.iter().find(|entry| !declined(entry));
            if let Some(wants) = wants.filter(|_| free > 0) {
                found.push(format!("{free} places of {}, and {} waits", slot.id, wants.id));
            }
        }
        found
    }

    fn open_offers(&self) -> impl Iterator<Item = &OfferRow> {
        self.offers.iter().filter(|offer| offer.is_open())
    }
}

impl EntryRow {
    pub fn is_waiting(&self) -> bool {
        self.state == "waiting"
    }
}

impl OfferRow {
    pub fn is_open(&self) -> bool {
        self.state == "open"
    }
}

impl MailRow {
    /// Whether somebody should have sent it. Of a reminder that is due later, nobody.
    pub fn is_under_way(&self, now: UnixMs) -> bool {
        self.status == "pending" && (self.kind != "reminder" || self.due_at <= now)
    }
}

/// The same database, through that proxy before the server's port.
pub fn through(url: &str, port: u16, network: &Proxy) -> String {
    url.replace(&format!(":{port}/"), &format!(":{}/", network.port()))
}

/// Ends all leases of letters, as five minutes do in which nobody notes what came of them.
pub async fn end_leases(url: &str) -> Result<()> {
    let end = "UPDATE mail SET due_at_ms = (extract(epoch FROM now()) * 1000)::bigint \
               WHERE status = 'pending' AND lease IS NOT NULL";
    psql(url, &[end]).await.map(drop)
}

/// What seals persons, as it is stored: the same bytes as long as nobody touches it.
pub async fn campaign_keys(url: &str) -> Result<Vec<u8>> {
    psql(url, &["SELECT campaign, master_key_id, wrapped_key FROM campaign_key ORDER BY campaign"])
        .await
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
