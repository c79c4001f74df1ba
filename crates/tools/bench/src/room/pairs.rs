//! What takes turns: the same request to the room and to a plain server.

use loadtest::closed_loop::request_bytes;

use super::prepare::Prepared;
use super::{GATHERING_ROOM, WAITING_ROOM, called_room};
use crate::einlass::join_request;
use crate::figure::{Aim, Figure};
use crate::load::{Load, lasting};

/// Connections of the load, one request under way on each.
const CONNECTIONS: usize = 64;
/// For what takes a trip to Redis, as many as in a small rush. What arrives during a trip shares the
/// next one, so how many ask at a time decides what asking costs.
const CONNECTIONS_OF_A_RUSH: usize = 256;

pub const JOIN: &str = "join_vs_plain";
pub const JOIN_FEW: &str = "join_vs_plain_64_connections";

/// A figure and the requests of both sides, which are the same but for the path.
pub struct Pair {
    pub figure: Figure,
    connections: usize,
    ours: Requests,
    limit: Vec<Vec<u8>>,
}

enum Requests {
    /// The same in every round, and from the first again after the last.
    Repeated(Vec<Vec<u8>>),
    /// For each round its own, each sent once.
    Once(Vec<Vec<Vec<u8>>>),
}

impl Pair {
    /// What the room is asked in that round.
    pub fn ours(&self, round: u32, seconds: u32) -> Load<'_> {
        match &self.ours {
            Requests::Repeated(requests) => self.load(requests, true, seconds),
            Requests::Once(rounds) => {
                let requests = rounds.get(round as usize).map_or(&[][..], Vec::as_slice);
                self.load(requests, false, seconds)
            }
        }
    }

    /// What the plain server is asked.
    pub fn limit(&self, seconds: u32) -> Load<'_> {
        self.load(&self.limit, true, seconds)
    }

    fn load<'a>(&self, requests: &'a [Vec<u8>], repeat: bool, seconds: u32) -> Load<'a> {
        Load { connections: self.connections, limit: lasting(seconds), requests, repeat }
    }
}

/// All, in the order in which they take turns.
pub fn pairs(prepared: &Prepared) -> Vec<Pair> {
    vec![
        status(),
        ticket(&prepared.waiting),
        join(JOIN, Some(Aim::AtLeast(0.42)), CONNECTIONS_OF_A_RUSH),
        join(JOIN_FEW, None, CONNECTIONS),
        redeem(prepared),
    ]
}

fn status() -> Pair {
    Pair {
        figure: Figure::new(
            "status_vs_plain",
            Some(Aim::AtLeast(0.88)),
            format!("public status of a room, {CONNECTIONS} connections"),
        ),
        connections: CONNECTIONS,
        ours: Requests::Repeated(vec![request_bytes("GET", WAITING_ROOM, &[], &[])]),
        limit: vec![request_bytes("GET", "/status", &[], &[])],
    }
}

fn ticket(waiting: &[String]) -> Pair {
    Pair {
        figure: Figure::new(
            "ticket_vs_plain",
            Some(Aim::AtLeast(0.7)),
            format!(
                "polls of people who wait after the draw, {CONNECTIONS} connections, {} tickets in turn",
                waiting.len()
            ),
        ),
        connections: CONNECTIONS,
        ours: Requests::Repeated(with_tickets("GET", &format!("{WAITING_ROOM}/ticket"), waiting)),
        limit: with_tickets("GET", "/ticket", waiting),
    }
}

fn join(name: &'static str, aim: Option<Aim>, connections: usize) -> Pair {
    Pair {
        figure: Figure::new(
            name,
            aim,
            format!("joins of people who gather, {connections} connections"),
        ),
        connections,
        ours: Requests::Repeated(vec![join_request(&format!("{GATHERING_ROOM}/tickets"))]),
        limit: vec![join_request("/join")],
    }
}

fn redeem(prepared: &Prepared) -> Pair {
    let rounds = (0_u32..).zip(&prepared.called).map(|(round, tickets)| {
        // One of the first round's passes has been taken to capture the reply.
        let taken = usize::from(round == 0).min(tickets.len());
        with_tickets("POST", &format!("/v1/rooms/{}/passes", called_room(round)), &tickets[taken..])
    });
    Pair {
        figure: Figure::new(
            "redeem_vs_plain",
            Some(Aim::AtLeast(0.1)),
            format!(
                "passes taken by people who are called, each once, {CONNECTIONS_OF_A_RUSH} connections"
            ),
        ),
        connections: CONNECTIONS_OF_A_RUSH,
        ours: Requests::Once(rounds.collect()),
        limit: with_tickets("POST", "/redeem", &prepared.waiting),
    }
}

fn with_tickets(method: &str, path: &str, tickets: &[String]) -> Vec<Vec<u8>> {
    let bearers = tickets.iter().map(|ticket| format!("Bearer {ticket}"));
    bearers.map(|bearer| request_bytes(method, path, &[("Authorization", &bearer)], &[])).collect()
}
