//! The rows that a campaign leaves behind.

use anyhow::{Context, Result};

use crate::postgres::psql;

/// A table, its share of all rows in percent, and what a row of number `n` consists of.
///
/// Texts and bytes are as long as the real ones, and as hard to compress.
const TABLES: [(&str, u32, &str); 5] = [
    (
        "booking",
        30,
        "(id, campaign, slot, hold, pass_id, seat_no, pass_seats, pass_expires_at_ms, ags, person_key, \
         key_version, person, code, manage_token_hash, request_key, fingerprint, status, booked_at_ms) \
         SELECT {16}, '{campaign}', 'slot-' || n % 84, NULL, {16}, 1, 4, 0, 7318000, {32}, 2, \
         'AQ' || repeat(md5(n::text), 9), substr(md5(n::text), 1, 8), {32}, {32}, {32}, 'confirmed', n",
    ),
    (
        "hold",
        10,
        "(id, campaign, slot, pass_id, ags, seats, seats_booked, renewals, held_at_ms, expires_at_ms, state) \
         SELECT {16}, '{campaign}', 'slot-' || n % 84, {16}, 7318000, 2, 2, 0, n, n, 'booked'",
    ),
    (
        "pass_use",
        15,
        "(pass_id, campaign, seats_held, expires_at_ms, ended_at_ms, seats, refusals) \
         SELECT {16}, '{campaign}', 0, n, n, 4, 0",
    ),
    (
        "idempotency",
        10,
        "(key, fingerprint, campaign, recorded_at_ms, effect) \
         SELECT {32}, {32}, '{campaign}', n, \
         '{\"effect\":\"cancelled\",\"booking\":\"booking_' || md5(n::text) || '\"}'",
    ),
    (
        "mail",
        35,
        "(campaign, number, kind, copy, about, rank, status, made_at_ms, due_at_ms, attempts, settled_at_ms) \
         SELECT '{campaign}', n, 'confirmed', 0, {16}, 0, 'sent', n, n, 1, n",
    ),
];

/// Writes so many rows of a campaign; gives how many there are.
pub fn fill(database: &str, campaign: &str, rows: u32) -> Result<u32> {
    let mut filled = 0;
    for (table, percent, columns) in TABLES {
        let number = rows / 100 * percent;
        let columns = columns
            .replace("{16}", "decode(md5(n::text), 'hex')")
            .replace("{32}", "decode(md5(n::text) || md5((n + 1)::text), 'hex')")
            .replace("{campaign}", campaign);
        psql(
            database,
            &format!("INSERT INTO {table} {columns} FROM generate_series(1, {number}) n"),
        )?;
        filled += number;
    }
    psql(database, "VACUUM ANALYZE")?;
    psql(database, "CHECKPOINT")?;
    Ok(filled)
}

/// How many rows of a campaign there are.
pub fn count(database: &str, campaign: &str) -> Result<u64> {
    let of_one = TABLES
        .map(|(table, ..)| format!("(SELECT COUNT(*) FROM {table} WHERE campaign = '{campaign}')"));
    let sum = psql(database, &format!("SELECT {}", of_one.join(" + ")))?;
    sum.trim().parse().context("the number of rows is none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_make_a_whole() {
        assert_eq!(TABLES.iter().map(|(_, percent, _)| percent).sum::<u32>(), 100);
    }
}
