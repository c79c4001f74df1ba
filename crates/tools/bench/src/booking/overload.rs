//! Ten times as many bookings as can be made, then half as many.
//!
//! The load, the server and the database share this machine, which cannot offer ten times what it can
//! serve. So the database gets a slow disk: each commit waits for 100 ms. That bounds the peak and leaves
//! processor time for ten times as much.

mod judge;

use anyhow::{Context, Result, bail};
use loadtest::open_loop;

use self::judge::{Phases, judge};
use super::people::{People, booking_requests};
use super::services::{self, Services};
use crate::Bench;
use crate::campaigns::{Campaign, Gate, PASSES_MAX};
use crate::cores::Place;
use crate::figure::{Aim, Figure};
use crate::load::{self, Load, lasting};
use crate::postgres::psql;

const DATABASE: &str = "overload";
const SLOW_COMMIT: [&str; 2] = ["commit_delay = 100000", "commit_siblings = 0"];
/// With so slow a disk nobody books more; a rush would then end early.
const PEAK_PER_S_MAX: u32 = 10_000;
/// Enough for batches of any size, and fewer than the queue takes.
const PEAK_CONNECTIONS: usize = 1_024;
/// More than wait in the queue and in batches, so that there are some left to be refused on.
const CONNECTIONS_MAX: usize = 8_192;
/// So many can be under way at once.
const UNDER_WAY_MAX: f64 = 6_000.0;

struct Figures {
    goodput: Figure,
    refusal_p99: Figure,
    recovery: Figure,
    offered: Figure,
    peak: Figure,
}

/// Measures all.
pub fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let einlass = services::set_up(bench, DATABASE, bench.workers)?;
    let database = bench.postgres.url_of(DATABASE)?;
    for setting in SLOW_COMMIT {
        psql(&database, &format!("ALTER DATABASE {DATABASE} SET {setting}"))?;
    }
    let ids = |kind| (0..=bench.rounds).map(move |round| format!("{kind}-{round}"));
    let campaigns: Vec<(String, String)> = ids("peak").zip(ids("crowd")).collect();
    for id in campaigns.iter().flat_map(|(peak, crowd)| [peak, crowd]) {
        einlass.apply(&Campaign::opening_now(id, Gate::Wide))?;
    }
    let services = Services::start(&einlass, Place::Anywhere)?;
    for id in campaigns.iter().flat_map(|(peak, crowd)| [peak, crowd]) {
        services.wait_until_open(id)?;
    }
    let mut figures = Figures::new();
    // The first round warms up and is not counted.
    for (round, (peak, crowd)) in campaigns.iter().enumerate() {
        let seconds = if round == 0 { 1 } else { bench.seconds };
        let peak = measure_peak(&services, peak, seconds)?;
        let phases = Phases::around(peak, seconds);
        let exchanges = send(&services, crowd, &phases)?;
        let judged = judge(&phases, &exchanges);
        eprintln!("overload, round {round}: peak {peak:.0}/s, {judged:?}");
        if round > 0 {
            figures.peak.add(peak);
            figures.goodput.add(judged.goodput_per_s / peak);
            figures.offered.add(judged.offered_per_s / peak);
            figures.recovery.add(judged.recovery.as_secs_f64());
            if let Some(p99) = judged.refusal_p99 {
                figures.refusal_p99.add(p99.as_secs_f64() * 1e3);
            }
        }
    }
    let Figures { goodput, refusal_p99, recovery, offered, peak } = figures;
    Ok(vec![goodput, refusal_p99, recovery, offered, peak])
}

impl Figures {
    fn new() -> Self {
        let short_of = "bookings a second while ten times as many ask as can book";
        Self {
            goodput: Figure::new(
                "overload_goodput_ratio",
                Some(Aim::AtLeast(0.9)),
                format!("{short_of}, to the peak; the database waits 100 ms for each commit"),
            ),
            refusal_p99: Figure::new(
                "overload_refusal_p99_ms",
                Some(Aim::AtMost(50.0)),
                "of those who are refused meanwhile, from the request to the refusal",
            ),
            recovery: Figure::new(
                "recovery_s",
                Some(Aim::AtMost(10.0)),
                "from the end of the overload until nobody is refused any more and half of all wait no \
                 longer than 99 of 100 did before; meanwhile half as many ask as can book",
            ),
            offered: Figure::new(
                "overload_offered_ratio",
                None,
                "requests a second that were really sent, to the peak",
            ),
            peak: Figure::new(
                "overload_peak_per_s",
                None,
                format!("bookings a second, {PEAK_CONNECTIONS} connections"),
            ),
        }
    }
}

/// Bookings per second when nobody has to be refused.
fn measure_peak(services: &Services, campaign: &str, seconds: u32) -> Result<f64> {
    let number = (seconds * PEAK_PER_S_MAX).min(PASSES_MAX);
    let requests = booking_requests(services, &People { campaign, before: 0, number })?;
    let limit = lasting(seconds);
    let load = Load { connections: PEAK_CONNECTIONS, limit, requests: &requests, repeat: false };
    Ok(load::measure(&services.booking, &load)?.per_second)
}

fn send(services: &Services, campaign: &str, phases: &Phases) -> Result<Vec<open_loop::Exchange>> {
    let number = people(phases).min(PASSES_MAX);
    let requests = booking_requests(services, &People { campaign, before: 0, number })?;
    let due = phases.due();
    let exchanges = open_loop::run(&open_loop::Config {
        address: services.booking.address,
        due: &due,
        requests: &requests,
        connections_max: CONNECTIONS_MAX,
    })
    .context("the load failed")?;
    let other = exchanges.iter().find(|exchange| !matches!(exchange.status, 201 | 429 | 503));
    if let Some(other) = other {
        bail!("one of {} replies was {}", exchanges.len(), other.status);
    }
    Ok(exchanges)
}

/// Enough that some are left at the end: who is refused comes again.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "thousands, and not below zero"
)]
fn people(phases: &Phases) -> u32 {
    const SPARE: f64 = 1.2;
    (phases.bookings_max() * SPARE + UNDER_WAY_MAX) as u32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn there_are_people_for_all_phases() {
        let phases = Phases {
            peak_per_s: 1_000.0,
            calm: Duration::from_secs(2),
            overload: Duration::from_secs(3),
            after: Duration::from_secs(10),
        };
        assert_eq!(people(&phases), 10_800 + 6_000);
    }
}
