//! Before the measurements: people come, the draws are held, and real replies are captured.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use loadtest::closed_loop::Limit;
use serde_json::Value;

use super::{GATHERING_ROOM, WAITING_ROOM, called_room, f64_of};
use crate::Bench;
use crate::campaigns::{Campaign, Gate, PASSES_MAX, from_now};
use crate::einlass::{Einlass, join, join_request};
use crate::figure::{Aim, Figure};
use crate::http::{self, Reply};
use crate::load::{self, Load};
use crate::redis::Redis;
use crate::service::{Service, holds_within};

/// Tickets with which people ask in turn.
const TICKETS: u32 = 20_000;
/// A round's called people run out above this rate; it then ends early.
const TAKEN_PER_SECOND_MAX: u32 = 25_000;
const CONNECTIONS: usize = 256;
/// All have joined when the rooms open, if the machine takes as many a second.
const JOINS_PER_SECOND_MIN: u32 = 8_000;
/// Of one campaign.
const APPLYING: SignedDuration = SignedDuration::from_secs(2);
const GATHERS_WITHIN: Duration = Duration::from_mins(5);
const OPENS_WITHIN: Duration = Duration::from_mins(5);

/// Who is there when the measurements begin.
pub struct Prepared {
    /// Of people who wait, as nearly nobody is called.
    pub waiting: Vec<String>,
    /// For each round, of people who are called and have not come yet.
    pub called: Vec<Vec<String>>,
    /// What those who wait cost in Redis.
    pub memory: Figure,
}

/// Fills the rooms and waits for their draws.
pub fn let_people_come(
    bench: &Bench,
    einlass: &Einlass,
    room: &Service,
    redis: &mut Redis,
) -> Result<Prepared> {
    const KEYS: &str = "einlass:{waiting}:*";
    let people = |round: u32| {
        let seconds = if round == 0 { 1 } else { bench.seconds };
        (seconds * TAKEN_PER_SECOND_MAX).min(PASSES_MAX)
    };
    let all = bench.waiting + (0..=bench.rounds).map(people).sum::<u32>();
    let gathering = SignedDuration::from_secs((15 + all / JOINS_PER_SECOND_MIN).into());
    let gathers_from = from_now(APPLYING * i32::try_from(bench.rounds + 2)?);
    let opens_at = gathers_from + gathering;
    let waiting = Campaign::opening_now("waiting", Gate::Narrow);
    einlass.apply(&Campaign { gathers_from, opens_at, ..waiting })?;
    for round in 0..=bench.rounds {
        let id = &called_room(round);
        let called = Campaign::opening_now(id, Gate::Wide);
        einlass.apply(&Campaign { gathers_from, opens_at, ..called })?;
    }
    let ids = (0..=bench.rounds).map(called_room).chain(["waiting".to_owned()]);
    for id in ids {
        let path = format!("/v1/rooms/{id}");
        let gathers = holds_within(GATHERS_WITHIN, || phase(room, &path, "gathering"));
        ensure!(gathers, "the room {id} never gathered");
    }

    let mut called = Vec::new();
    for round in 0..=bench.rounds {
        called.push(tickets(room, &format!("/v1/rooms/{}", called_room(round)), people(round))?);
    }
    let before = redis.memory(KEYS)?;
    let waiting = tickets(room, WAITING_ROOM, TICKETS.min(bench.waiting))?;
    let others = bench.waiting - TICKETS.min(bench.waiting);
    load::measure(room, &joins(others, &[join_request(&format!("{WAITING_ROOM}/tickets"))]))?;
    ensure!(
        from_now(SignedDuration::ZERO) < opens_at,
        "people joined too slowly to be there before the opening; lower --waiting, now {}",
        bench.waiting
    );
    until_drawn(room, opens_at, bench.rounds)?;
    let after = redis.memory(KEYS)?;
    let mut memory = Figure::new(
        "redis_bytes_per_waiting",
        Some(Aim::AtMost(1.0)),
        format!(
            "MEMORY USAGE of all keys of a room with {} people who wait after the draw, less that \
             before they came, per person",
            bench.waiting
        ),
    );
    memory.add((f64_of(after) - f64_of(before)) / f64::from(bench.waiting));
    Ok(Prepared { waiting, called, memory })
}

fn until_drawn(room: &Service, opens_at: Timestamp, rounds: u32) -> Result<()> {
    let is_open = || phase(room, WAITING_ROOM, "open");
    ensure!(holds_within(OPENS_WITHIN, is_open), "the room did not open at {opens_at}");
    for round in 0..=rounds {
        let path = format!("/v1/rooms/{}", called_room(round));
        let all_are_called = || {
            let status = http::get(room.address, &path).and_then(|reply| reply.json());
            status.is_ok_and(|status| {
                status["entered"].as_u64() > Some(0) && status["called"] == status["entered"]
            })
        };
        let called = holds_within(Duration::from_mins(1), all_are_called);
        ensure!(called, "{path} has not called everybody");
    }
    Ok(())
}

fn phase(room: &Service, path: &str, wanted: &str) -> bool {
    let status = http::get(room.address, path).and_then(|reply| reply.json());
    status.is_ok_and(|status| status["phase"] == wanted)
}

fn joins(people: u32, request: &[Vec<u8>]) -> Load<'_> {
    let limit = Limit::Requests(people.into());
    Load { connections: CONNECTIONS, limit, requests: request, repeat: true }
}

fn tickets(room: &Service, path: &str, people: u32) -> Result<Vec<String>> {
    let request = [join_request(&format!("{path}/tickets"))];
    let joined = load::collect(room, &joins(people, &request))?;
    joined.iter().map(|body| ticket(body)).collect()
}

fn ticket(body: &[u8]) -> Result<String> {
    let joined: Value = serde_json::from_slice(body)?;
    Ok(joined["ticket"].as_str().context("a join without a ticket")?.to_owned())
}

/// A real answer to each kind of request.
pub fn captured(room: &Service, prepared: &Prepared) -> Result<[(&'static str, Reply); 4]> {
    let status = http::get(room.address, WAITING_ROOM)?;
    let asked = |method: &str, path: &str, ticket: &str| {
        let headers = [("Authorization", &*format!("Bearer {ticket}"))];
        http::send(room.address, method, path, &headers, &[])
    };
    let mut waiting = None;
    // The gate has called a few of them.
    for ticket in prepared.waiting.iter().take(100) {
        let reply = asked("GET", &format!("{WAITING_ROOM}/ticket"), ticket)?;
        if reply.json()?["state"] == "waiting" {
            waiting = Some(reply);
            break;
        }
    }
    let Some(waiting) = waiting else { bail!("nobody waits") };
    let joined = join(room, &format!("{GATHERING_ROOM}/tickets"))?;
    let passes = format!("/v1/rooms/{}/passes", called_room(0));
    let called = prepared.called.first().and_then(|called| called.first());
    let taken = asked("POST", &passes, called.context("nobody is called")?)?;
    for reply in [&status, &waiting, &joined, &taken] {
        reply.json()?;
    }
    Ok([("status", status), ("ticket", waiting), ("join", joined), ("redeem", taken)])
}
