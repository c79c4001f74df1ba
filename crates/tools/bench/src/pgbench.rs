//! The limit of the bookings: PostgreSQL's own benchmark, with one statement per booking.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

/// The least that a booking on one slot can be: one decrement and one insert, without person, pass,
/// idempotency or any index but the primary key's.
const TABLES: &str = "DROP TABLE IF EXISTS booking, slot;
    CREATE TABLE slot (id int PRIMARY KEY, places_left int NOT NULL CHECK (places_left >= 0));
    CREATE TABLE booking (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        slot_id int NOT NULL,
        person bigint NOT NULL,
        booked_at timestamptz NOT NULL DEFAULT now()
    );
    INSERT INTO slot VALUES (1, 1000000000);
    VACUUM ANALYZE;";

const BOOKING: &str = r"\set person random(1, 1000000000000)
WITH taken AS (
    UPDATE slot SET places_left = places_left - 1 WHERE id = 1 AND places_left > 0 RETURNING id
)
INSERT INTO booking (slot_id, person) SELECT id, :person FROM taken;
";

/// The numbers of clients that are tried.
pub const CLIENTS: [u32; 3] = [1, 8, 32];

/// Makes an empty database and gives its URL.
pub fn create_database(server: &str, name: &str) -> Result<String> {
    psql(server, &format!("CREATE DATABASE {name} TEMPLATE template0"))?;
    let (base, _) = server.rsplit_once('/').context("the address of PostgreSQL has no database")?;
    Ok(format!("{base}/{name}"))
}

/// Bookings per second with so many clients, on fresh tables.
pub fn bookings_per_second(database: &str, clients: u32, seconds: u32) -> Result<f64> {
    for statement in TABLES.split(';').filter(|statement| !statement.trim().is_empty()) {
        // VACUUM cannot run in the transaction that several statements in one command would share.
        psql(database, statement)?;
    }
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("booking.sql");
    std::fs::write(&script, BOOKING)?;
    let output = run(
        "pgbench",
        &[
            "--no-vacuum",
            "--protocol=prepared",
            &format!("--client={clients}"),
            &format!("--time={seconds}"),
            &format!("--file={}", path_text(&script)?),
            database,
        ],
    )?;
    tps(&String::from_utf8_lossy(&output.stdout)).context("pgbench named no tps")
}

fn psql(database: &str, statement: &str) -> Result<()> {
    let options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"];
    run("psql", &[&options[..], &["--dbname", database, "--command", statement]].concat())?;
    Ok(())
}

fn run(program: &str, arguments: &[&str]) -> Result<Output> {
    let output = Command::new(test_support::locate_postgres()?.program(program))
        .args(arguments)
        .output()
        .with_context(|| format!("failed to run {program}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} failed: {}", errors.trim());
    Ok(output)
}

fn path_text(path: &Path) -> Result<&str> {
    path.to_str().context("the temporary folder has no readable name")
}

/// `tps = 1234.5 (without initial connection time)`
fn tps(output: &str) -> Option<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read() {
        let output = "latency average = 0.2 ms\ntps = 4210.5 (without initial connection time)\n";
        assert_eq!(tps(output), Some(4210.5));
        assert_eq!(tps("tps: many"), None);
    }
}
