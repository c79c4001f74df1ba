//! The figures of the booking API.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use loadtest::closed_loop::{Limit, request_bytes};
use serde_json::{Value, json};

use crate::Bench;
use crate::campaigns::{Campaign, Gate, PLACES_MAX};
use crate::einlass::{Einlass, join_request};
use crate::figure::{Aim, Figure, Rate};
use crate::http;
use crate::load::{self, Load, lasting};
use crate::pgbench;
use crate::service::{Service, holds_within};

/// Several batches of 64, so that the next one gathers while one is under way, as in a rush.
const CONNECTIONS: usize = 256;
const OPENS_WITHIN: Duration = Duration::from_mins(1);
/// A round's passes run out above this rate; it then ends early.
const PER_SECOND_MAX: u32 = 30_000;

/// Measures all. `limit` is the database for pgbench, on the server that the bookings go to.
pub fn measure(bench: &Bench, einlass: &Einlass, limit: &str) -> Result<Vec<Figure>> {
    let campaigns: Vec<String> = (0..=bench.rounds).map(|round| format!("hot-{round}")).collect();
    for id in &campaigns {
        einlass.apply(Campaign::opening_now(id, Gate::Wide))?;
    }
    // It only gives the passes and takes signals, and must not share the booking API's core.
    let room = einlass.waiting_room(bench.cores.load)?;
    let booking = einlass.booking()?;
    for campaign in &campaigns {
        wait_until_open(&room, &booking, campaign)?;
    }

    let mut hot = Figure::new(
        "book_hot_vs_pgbench",
        Some(Aim::AtLeast(4.0)),
        format!(
            "bookings on one slot, {CONNECTIONS} connections, each with a pass, an Idempotency-Key and \
             a person of its own"
        ),
    );
    let mut p99 = Figure::new("book_hot_p99_ms", Some(Aim::AtMost(50.0)), "of the same bookings");
    // The first round warms both up and is not counted.
    for (round, campaign) in campaigns.iter().enumerate() {
        let seconds = if round == 0 { 1 } else { bench.seconds };
        let requests = requests(&room, &booking, campaign, seconds)?;
        let load = Load {
            connections: CONNECTIONS,
            limit: lasting(seconds),
            requests: &requests,
            repeat: false,
        };
        let ours = load::measure(&booking, &load)?;
        let limit = best_pgbench(limit, seconds)?;
        eprintln!(
            "{}, round {round}: {:.0}/s, p99 {:.1} ms, pgbench {:.0}/s",
            hot.name, ours.per_second, ours.p99_ms, limit.per_second
        );
        if round > 0 {
            p99.add(ours.p99_ms);
            hot.add_ratio(Rate::of("einlass booking", &ours), limit);
        }
    }
    Ok(vec![hot, p99])
}

/// The best of several numbers of clients.
fn best_pgbench(database: &str, seconds: u32) -> Result<Rate> {
    let mut tried = Vec::new();
    for clients in pgbench::CLIENTS {
        tried.push(pgbench::bookings_per_second(database, clients, seconds)?);
    }
    let per_second = tried.iter().copied().fold(0.0, f64::max);
    let by =
        format!("pgbench, the best of {:?} clients, one statement per booking", pgbench::CLIENTS);
    eprintln!("pgbench with {:?} clients: {tried:.0?} bookings/s", pgbench::CLIENTS);
    Ok(Rate { per_second, by, busy: None })
}

/// A booking for everybody who is let in.
fn requests(
    room: &Service,
    booking: &Service,
    campaign: &str,
    seconds: u32,
) -> Result<Vec<Vec<u8>>> {
    let people = (seconds * PER_SECOND_MAX).min(PLACES_MAX);
    let load = Load {
        connections: CONNECTIONS,
        limit: Limit::Requests(people.into()),
        requests: &[join_request(&format!("/v1/rooms/{campaign}/tickets"))],
        repeat: true,
    };
    let joined = load::collect(room, &load)?;
    let path = format!("/v1/campaigns/{campaign}");
    let slots = http::get(booking.address, &format!("{path}/slots"))?.json()?;
    let slot = slots["slots"][0]["id"].as_str().context("the campaign has no slot")?;
    let book = format!("{path}/bookings");
    let requests = joined.iter().enumerate().map(|(number, body)| {
        let joined: Value = serde_json::from_slice(body)?;
        let pass = joined["pass"]["pass"].as_str().context("a join without a pass")?;
        let headers = [
            ("Authorization", format!("Bearer {pass}")),
            ("Idempotency-Key", format!("booking-of-{number}")),
            ("Content-Type", "application/json".to_owned()),
        ];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let body = json!({ "slot": slot, "person": person(number) }).to_string();
        Ok(request_bytes("POST", &book, &headers, body.as_bytes()))
    });
    requests.collect()
}

/// Nobody is two people.
fn person(number: usize) -> Value {
    json!({
        "given_name": "Erika",
        "family_name": test_support::family_name(number),
        "date_of_birth": format!("19{:02}-{:02}-{:02}", 40 + number % 60, 1 + number % 12, 1 + number % 28),
        "email": format!("erika.{number}@example.org"),
        "phone": "+49 6232 140",
    })
}

/// Both services learn of a campaign in the background, and the booking API of the waiting room's keys.
fn wait_until_open(room: &Service, booking: &Service, campaign: &str) -> Result<()> {
    let path = format!("/v1/rooms/{campaign}");
    let is_open = || {
        let status = http::get(room.address, &path).and_then(|reply| reply.json());
        status.is_ok_and(|status| status["phase"] == "open")
    };
    ensure!(holds_within(OPENS_WITHIN, is_open), "the room of {campaign} does not open");
    let slots = format!("/v1/campaigns/{campaign}/slots");
    let is_there = || http::get(booking.address, &slots).is_ok_and(|reply| reply.status == 200);
    ensure!(holds_within(OPENS_WITHIN, is_there), "{campaign} is not to be booked");
    Ok(())
}
