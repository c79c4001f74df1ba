//! The limit of the bookings: PostgreSQL's own benchmark, with one statement per booking.

use std::path::Path;

use anyhow::{Context, Result};

use crate::cpu;
use crate::figure::Rate;
use crate::postgres::{Postgres, psql, run};

/// The least that a booking on one slot can be: one decrement and one insert, without person, pass,
/// idempotency or any index but the primary key's.
const TABLES: &str = "DROP TABLE IF EXISTS booking, slot;
    CREATE TABLE slot (id int PRIMARY KEY, places_left int NOT NULL CHECK (places_left >= 0));
    CREATE TABLE booking (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        slot_id int NOT NULL,
        person bigint NOT NULL,
        booked_at timestamptz NOT NULL DEFAULT now()
    );";

/// The numbers of clients that are tried.
const CLIENTS: [u32; 3] = [1, 8, 32];

/// Where pgbench books.
pub struct Pgbench<'a> {
    pub server: &'a Postgres,
    /// A database of its own, on the server that the bookings of Einlass go to.
    pub database: String,
    /// How many rows there are to decrement.
    pub slots: u32,
}

/// What one run gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub per_second: f64,
    /// Processor time per booking of pgbench and all processes of PostgreSQL together.
    pub cpu_us: f64,
}

impl Outcome {
    pub fn rate(&self) -> Rate {
        let by = format!("pgbench, the best of {CLIENTS:?} clients, one statement per booking");
        Rate { per_second: self.per_second, by, busy: None }
    }
}

impl Pgbench<'_> {
    /// The best of several numbers of clients, each on fresh tables.
    pub fn best(&self, seconds: u32) -> Result<Outcome> {
        let mut tried = Vec::new();
        for clients in CLIENTS {
            tried.push(self.book(clients, seconds)?);
        }
        let rates: Vec<f64> = tried.iter().map(|outcome| outcome.per_second).collect();
        eprintln!("pgbench on {} rows, {CLIENTS:?} clients: {rates:.0?} bookings/s", self.slots);
        let best = tried.into_iter().max_by(|a, b| a.per_second.total_cmp(&b.per_second));
        best.context("pgbench was not run")
    }

    fn book(&self, clients: u32, seconds: u32) -> Result<Outcome> {
        let slots = self.slots;
        let rows =
            format!("INSERT INTO slot SELECT id, 1000000000 FROM generate_series(1, {slots}) id");
        let statements = TABLES.split(';').filter(|statement| !statement.trim().is_empty());
        // VACUUM cannot run in the transaction that several statements in one command would share.
        for statement in statements.chain([rows.as_str(), "VACUUM ANALYZE"]) {
            psql(&self.database, statement)?;
        }
        let folder = tempfile::tempdir()?;
        let script = folder.path().join("booking.sql");
        std::fs::write(&script, booking(slots))?;
        let cpu_before = self.server.cpu_s()? + cpu::of_ended_children_s()?;
        let output = run(
            "pgbench",
            &[
                "--no-vacuum",
                "--protocol=prepared",
                &format!("--client={clients}"),
                &format!("--time={seconds}"),
                &format!("--file={}", path_text(&script)?),
                &self.database,
            ],
        )?;
        // Its connections end when their processes have seen that it is gone, a moment later; what they
        // used counts with or without them.
        let cpu_s = self.server.cpu_s()? + cpu::of_ended_children_s()? - cpu_before;
        let output = String::from_utf8_lossy(&output.stdout);
        let (per_second, bookings) = read(&output).context("pgbench named no rate")?;
        Ok(Outcome { per_second, cpu_us: cpu_s * 1e6 / bookings })
    }
}

/// One booking, as a script.
fn booking(slots: u32) -> String {
    let (choice, slot) = match slots {
        1 => (String::new(), "1"),
        _ => (format!("\\set slot random(1, {slots})\n"), ":slot"),
    };
    format!(
        r"\set person random(1, 1000000000000)
{choice}WITH taken AS (
    UPDATE slot SET places_left = places_left - 1 WHERE id = {slot} AND places_left > 0 RETURNING id
)
INSERT INTO booking (slot_id, person) SELECT id, :person FROM taken;
"
    )
}

fn path_text(path: &Path) -> Result<&str> {
    path.to_str().context("the temporary folder has no readable name")
}

/// Bookings per second, and how many there were:
/// `number of transactions actually processed: 12631`, `tps = 1234.5 (without initial connection time)`
fn read(output: &str) -> Option<(f64, f64)> {
    let number_behind = |name| {
        let line = output.lines().find_map(|line| line.strip_prefix(name))?;
        line.split(' ').next()?.parse().ok()
    };
    Some((number_behind("tps = ")?, number_behind("number of transactions actually processed: ")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_number_are_read() {
        let output = "latency average = 0.2 ms\nnumber of transactions actually processed: 8421\n\
                      tps = 4210.5 (without initial connection time)\n";
        assert_eq!(read(output), Some((4210.5, 8421.0)));
        assert_eq!(read("tps: many"), None);
    }

    #[test]
    fn only_among_several_slots_one_is_chosen() {
        assert!(!booking(1).contains("random(1, 1)"), "{}", booking(1));
        assert!(booking(1).contains("WHERE id = 1 AND"), "{}", booking(1));
        assert!(booking(100).contains("\n\\set slot random(1, 100)\nWITH"), "{}", booking(100));
        assert!(booking(100).contains("WHERE id = :slot AND"), "{}", booking(100));
    }
}
