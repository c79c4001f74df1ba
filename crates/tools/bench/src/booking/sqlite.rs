//! Bookings on one slot with SQLite, which writes each batch to the disk.

use anyhow::Result;

use super::people::{CONNECTIONS, People, booking, booking_requests};
use super::services::Services;
use crate::Bench;
use crate::campaigns::{Campaign, Gate};
use crate::cores::Place;
use crate::einlass::Setup;
use crate::figure::{Aim, Figure};
use crate::load::{self, lasting};

/// Measures all.
pub fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let einlass = bench.set_up(&Setup {
        prefix: "sqlite",
        database: "sqlite://booking.db",
        workers: bench.workers,
        further: "",
    })?;
    let campaigns: Vec<String> =
        (0..=bench.rounds).map(|round| format!("sqlite-{round}")).collect();
    for id in &campaigns {
        einlass.apply(&Campaign::opening_now(id, Gate::Wide))?;
    }
    let services = Services::start(&einlass, Place::Anywhere)?;
    for campaign in &campaigns {
        services.wait_until_open(campaign)?;
    }
    let mut rate = Figure::new(
        "book_sqlite_per_s",
        Some(Aim::AtLeast(3_000.0)),
        format!("bookings a second on one slot with SQLite, {CONNECTIONS} connections"),
    );
    let mut p99 = Figure::new("book_sqlite_p99_ms", None, "of the same bookings");
    // The first round warms up and is not counted.
    for (round, campaign) in campaigns.iter().enumerate() {
        let seconds = if round == 0 { 1 } else { bench.seconds };
        let requests = booking_requests(&services, &People::rush(campaign, seconds))?;
        let measured = load::measure(&services.booking, &booking(&requests, lasting(seconds)))?;
        eprintln!(
            "{}, round {round}: {:.0}/s, p99 {:.1} ms",
            rate.name, measured.per_second, measured.p99_ms
        );
        if round > 0 {
            rate.add(measured.per_second);
            p99.add(measured.p99_ms);
        }
    }
    Ok(vec![rate, p99])
}
