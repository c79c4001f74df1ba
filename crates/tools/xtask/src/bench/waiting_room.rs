//! The figures of the waiting room.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jiff::SignedDuration;
use loadtest::closed_loop::{Limit, request_bytes};
use serde_json::Value;

use super::Bench;
use super::campaigns::{Campaign, Gate, from_now};
use super::einlass::{Einlass, join, join_request};
use super::figure::{Aim, Figure, Rate};
use super::http::{self, Reply};
use super::load::{self, Load, lasting};
use super::redis::{Commands, Redis};
use super::service::{Service, holds_within};

/// Connections of the load, one request under way on each.
const CONNECTIONS: usize = 64;
/// For joins, as many as in a small rush. What arrives during a trip to Redis shares the next one, so
/// how many join at a time decides what a join costs.
const CONNECTIONS_OF_A_RUSH: usize = 256;
/// People who wait while tickets are asked for, and whose memory is measured.
const WAITING: u32 = 20_000;
/// Between a room's creation and its opening; all who wait join meanwhile.
const GATHERING: SignedDuration = SignedDuration::from_secs(15);

/// Opens a day later: who joins gathers.
const GATHERING_ROOM: &str = "/v1/rooms/gathering";
/// Opens before the measurements: who has joined waits, as nearly nobody is called.
const WAITING_ROOM: &str = "/v1/rooms/waiting";

/// Measures all.
pub fn measure(bench: &Bench, einlass: &Einlass) -> Result<Vec<Figure>> {
    let opens_at = from_now(SignedDuration::from_hours(24));
    einlass.apply(Campaign { id: "gathering", opens_at, gate: Gate::Narrow })?;
    let room = einlass.waiting_room(bench.cores.server)?;
    let mut redis = Redis::connect(&bench.redis)?;
    let (tickets, memory) = let_people_wait(einlass, &room, &mut redis)?;
    let replies = captured(&room, &tickets)?;
    let plain = einlass.plain(&replies)?;
    check(&plain, &replies)?;

    let mut pairs = pairs(&tickets);
    let mut commands = CommandFigures::new();
    // The first round warms both servers up and is not counted.
    for round in 0..=bench.rounds {
        let seconds = if round == 0 { 1 } else { bench.seconds };
        for pair in &mut pairs {
            let before = redis.commands()?;
            let ours = load::measure(&room, &pair.load(&pair.ours, seconds))?;
            let executed = redis.commands()?.since(before);
            let limit = load::measure(&plain, &pair.load(&pair.limit, seconds))?;
            eprintln!(
                "{}, round {round}: {:.0}/s, plain {:.0}/s",
                pair.figure.name, ours.per_second, limit.per_second
            );
            if round > 0 {
                commands.add(pair.figure.name, executed, ours.replies);
                let ours = Rate::of("einlass waiting-room", &ours);
                pair.figure.add_ratio(ours, Rate::of("a plain actix handler", &limit));
            }
        }
    }
    Ok(pairs
        .into_iter()
        .map(|pair| pair.figure)
        .chain(commands.figures())
        .chain([memory])
        .collect())
}

/// Fills a room and waits for its draw. Gives the tickets, and the memory they cost in Redis.
fn let_people_wait(
    einlass: &Einlass,
    room: &Service,
    redis: &mut Redis,
) -> Result<(Vec<String>, Figure)> {
    const KEYS: &str = "einlass:{waiting}:*";
    let opens_at = from_now(GATHERING);
    einlass.apply(Campaign { id: "waiting", opens_at, gate: Gate::Narrow })?;
    let phase = || http::get(room.address, WAITING_ROOM)?.json().map(|json| json["phase"].clone());
    let is = |wanted: &str| phase().is_ok_and(|phase| phase == wanted);
    ensure!(holds_within(Duration::from_secs(30), || is("gathering")), "the room never gathered");
    let before = redis.memory(KEYS)?;
    let load = Load {
        connections: CONNECTIONS,
        limit: Limit::Requests(WAITING.into()),
        requests: &[join_request(&format!("{WAITING_ROOM}/tickets"))],
        repeat: true,
    };
    let tickets =
        load::collect(room, &load)?.iter().map(|body| ticket(body)).collect::<Result<_>>()?;
    ensure!(holds_within(Duration::from_mins(1), || is("open")), "the room never opened");
    let after = redis.memory(KEYS)?;
    let mut figure = Figure::new(
        "redis_bytes_per_waiting",
        Some(Aim::AtMost(1.0)),
        format!(
            "MEMORY USAGE of all keys of a room with {WAITING} people who wait after the draw, less \
             that before they came, per person"
        ),
    );
    figure.add((f64_of(after) - f64_of(before)) / f64::from(WAITING));
    Ok((tickets, figure))
}

fn ticket(body: &[u8]) -> Result<String> {
    let joined: Value = serde_json::from_slice(body)?;
    Ok(joined["ticket"].as_str().context("a join without a ticket")?.to_owned())
}

/// A real answer to each kind of request.
fn captured(room: &Service, tickets: &[String]) -> Result<[(&'static str, Reply); 3]> {
    let status = http::get(room.address, WAITING_ROOM)?;
    let asked = |ticket: &String| {
        let headers = [("Authorization", &*format!("Bearer {ticket}"))];
        http::send(room.address, "GET", &format!("{WAITING_ROOM}/ticket"), &headers, &[])
    };
    let mut waiting = None;
    // The gate has called a few of them.
    for ticket in tickets.iter().take(100) {
        let reply = asked(ticket)?;
        if reply.json()?["state"] == "waiting" {
            waiting = Some(reply);
            break;
        }
    }
    let Some(waiting) = waiting else { bail!("nobody waits") };
    let joined = join(room, &format!("{GATHERING_ROOM}/tickets"))?;
    for reply in [&status, &waiting, &joined] {
        reply.json()?;
    }
    Ok([("status", status), ("ticket", waiting), ("join", joined)])
}

/// Whether the plain server gives the same bytes.
fn check(plain: &Service, replies: &[(&str, Reply)]) -> Result<()> {
    for (name, expected) in replies {
        let given = http::get(plain.address, &format!("/{name}"))?;
        ensure!(
            given.comparable() == expected.comparable(),
            "the plain server does not give the same bytes for {name}:\n{}instead of\n{}",
            given.head,
            expected.head
        );
    }
    Ok(())
}

/// What takes turns: the same request but for the path.
struct Pair {
    figure: Figure,
    connections: usize,
    ours: Vec<Vec<u8>>,
    limit: Vec<Vec<u8>>,
}

impl Pair {
    fn load<'a>(&self, requests: &'a [Vec<u8>], seconds: u32) -> Load<'a> {
        let connections = self.connections;
        Load { connections, limit: lasting(seconds), requests, repeat: true }
    }
}

fn pairs(tickets: &[String]) -> Vec<Pair> {
    let ask = |path: &str| -> Vec<Vec<u8>> {
        let bearer = tickets.iter().map(|ticket| format!("Bearer {ticket}"));
        bearer
            .map(|bearer| request_bytes("GET", path, &[("Authorization", &bearer)], &[]))
            .collect()
    };
    let tickets_path = format!("{GATHERING_ROOM}/tickets");
    let joins = |name, aim, connections| Pair {
        figure: Figure::new(
            name,
            aim,
            format!("joins of people who gather, {connections} connections"),
        ),
        connections,
        ours: vec![join_request(&tickets_path)],
        limit: vec![join_request("/join")],
    };
    vec![
        Pair {
            figure: Figure::new(
                "status_vs_plain",
                Some(Aim::AtLeast(0.85)),
                format!("public status of a room, {CONNECTIONS} connections"),
            ),
            connections: CONNECTIONS,
            ours: vec![request_bytes("GET", WAITING_ROOM, &[], &[])],
            limit: vec![request_bytes("GET", "/status", &[], &[])],
        },
        Pair {
            figure: Figure::new(
                "ticket_vs_plain",
                Some(Aim::AtLeast(0.45)),
                format!(
                    "polls of people who wait after the draw, {CONNECTIONS} connections, {WAITING} \
                     tickets in turn"
                ),
            ),
            connections: CONNECTIONS,
            ours: ask(&format!("{WAITING_ROOM}/ticket")),
            limit: ask("/ticket"),
        },
        joins(JOIN, Some(Aim::AtLeast(0.35)), CONNECTIONS_OF_A_RUSH),
        joins(JOIN_FEW, None, CONNECTIONS),
    ]
}

const JOIN: &str = "join_vs_plain";
const JOIN_FEW: &str = "join_vs_plain_64_connections";

/// What the joins cost Redis, counted while they are measured.
struct CommandFigures {
    rush: Figure,
    rush_sent: Figure,
    few: Figure,
}

impl CommandFigures {
    fn new() -> Self {
        const COUNTED: &str = "total_commands_processed of INFO stats, which counts what scripts execute \
            and the background's reading too";
        Self {
            rush: Figure::new(
                "redis_commands_per_1000_joins",
                Some(Aim::AtMost(60.0)),
                format!("{COUNTED}; during {JOIN}"),
            ),
            rush_sent: Figure::new(
                "redis_commands_sent_per_1000_joins",
                None,
                format!("of these, EVALSHA, PING and UNWATCH, which clients send; during {JOIN}"),
            ),
            few: Figure::new(
                "redis_commands_per_1000_joins_64_connections",
                None,
                format!("{COUNTED}; during {JOIN_FEW}"),
            ),
        }
    }

    fn add(&mut self, during: &str, executed: Commands, joins: u64) {
        let per_1000 = |commands: u64| f64_of(commands) * 1_000.0 / f64_of(joins);
        match during {
            JOIN => {
                self.rush.add(per_1000(executed.processed));
                self.rush_sent.add(per_1000(executed.sent));
            }
            JOIN_FEW => self.few.add(per_1000(executed.processed)),
            _ => {}
        }
    }

    fn figures(self) -> [Figure; 3] {
        [self.rush, self.rush_sent, self.few]
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^52")]
fn f64_of(count: u64) -> f64 {
    count as f64
}
