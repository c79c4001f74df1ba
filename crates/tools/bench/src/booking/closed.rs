//! What campaigns that are over cost the one that is not: the same rush with and without them, in turns.

use std::time::Duration;

use anyhow::{Result, ensure};
use jiff::SignedDuration;

use super::people::{CONNECTIONS, People, booking, booking_requests};
use super::services::{self, Services};
use crate::Bench;
use crate::campaigns::{Campaign, Gate, from_now};
use crate::cores::Place;
use crate::einlass::Einlass;
use crate::figure::{Aim, Figure};
use crate::http;
use crate::load::{self, lasting};
use crate::service::{holds_within, pause};

const CLOSED: u32 = 200;
const PLACES: u32 = 2_500;
const SLOTS: u32 = 84;
const CLOSES_WITHIN: Duration = Duration::from_mins(1);
/// PostgreSQL's own counts come up to a second late.
const IDLE_S_MIN: u32 = 5;

/// An installation, and the database it has.
struct Side {
    einlass: Einlass,
    database: &'static str,
}

/// What one turn of a side gave.
struct Turn {
    per_second: f64,
    /// While nobody asks.
    transactions_per_s: f64,
    /// Of booking API and waiting room, while nobody asks.
    cores_busy: f64,
}

/// Measures all.
pub fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let [alone, among] = ["alone", "among"].map(|database| {
        Ok::<Side, anyhow::Error>(Side {
            einlass: services::set_up(bench, database, bench.workers)?,
            database,
        })
    });
    let (alone, among) = (alone?, among?);
    for number in 0..CLOSED {
        let closed = &closed_id(number);
        let opens_at = from_now(SignedDuration::from_secs(-3_600));
        let campaign = Campaign {
            gathers_from: opens_at - SignedDuration::from_mins(1),
            opens_at,
            closes_at: Some(from_now(SignedDuration::from_secs(-60))),
            slots: SLOTS,
            places: PLACES,
            ..Campaign::opening_now(closed, Gate::Wide)
        };
        among.einlass.apply(&campaign)?;
    }
    let mut rate = Figure::new(
        "closed_campaigns_rate_ratio",
        Some(Aim::AtLeast(0.95)),
        format!(
            "bookings a second on one slot over {CONNECTIONS} connections, beside {CLOSED} campaigns of \
             {SLOTS} slots that are over, to those without"
        ),
    );
    let mut transactions = Figure::new(
        "closed_campaigns_reads_per_s",
        None,
        format!("transactions a second that {CLOSED} campaigns cause while nobody asks"),
    );
    let mut cores = Figure::new(
        "closed_campaigns_cpu_of_a_core",
        None,
        "processor time of booking API and waiting room that they cause meanwhile",
    );
    // The first round warms up and is not counted.
    for round in 0..=bench.rounds {
        let without = turn(bench, &alone, round)?;
        let with = turn(bench, &among, round)?;
        eprintln!(
            "{}, round {round}: {:.0}/s, without {:.0}/s; idle {:.1} transactions/s, without {:.1}",
            rate.name,
            with.per_second,
            without.per_second,
            with.transactions_per_s,
            without.transactions_per_s
        );
        if round > 0 {
            rate.add(with.per_second / without.per_second);
            transactions.add(with.transactions_per_s - without.transactions_per_s);
            cores.add(with.cores_busy - without.cores_busy);
        }
    }
    Ok(vec![rate, transactions, cores])
}

fn closed_id(number: u32) -> String {
    format!("closed-{number:03}")
}

/// One side at a time runs: the other would share the cores.
fn turn(bench: &Bench, side: &Side, round: u32) -> Result<Turn> {
    let campaign = &format!("live-{round}");
    side.einlass.apply(&Campaign::opening_now(campaign, Gate::Wide))?;
    let services = Services::start(&side.einlass, Place::Anywhere)?;
    services.wait_until_open(campaign)?;
    if side.database == "among" {
        let last = format!("/v1/rooms/{}", closed_id(CLOSED - 1));
        let is_closed = || {
            let status = http::get(services.room.address, &last).and_then(|reply| reply.json());
            status.is_ok_and(|status| status["phase"] == "closed")
        };
        ensure!(holds_within(CLOSES_WITHIN, is_closed), "{last} does not close");
    }
    let seconds = if round == 0 { 1 } else { bench.seconds };
    let requests = booking_requests(&services, &People::rush(campaign, seconds))?;
    let measured = load::measure(&services.booking, &booking(&requests, lasting(seconds)))?;

    let cpu_s = || Ok::<f64, anyhow::Error>(services.booking.cpu_s()? + services.room.cpu_s()?);
    let idle_s = seconds.max(IDLE_S_MIN);
    let transactions = bench.postgres.transactions(side.database)?;
    let cpu_before = cpu_s()?;
    pause(Duration::from_secs(idle_s.into()));
    let cores_busy = (cpu_s()? - cpu_before) / f64::from(idle_s);
    let transactions = bench.postgres.transactions(side.database)? - transactions;
    Ok(Turn {
        per_second: measured.per_second,
        transactions_per_s: transactions / f64::from(idle_s),
        cores_busy,
    })
}
