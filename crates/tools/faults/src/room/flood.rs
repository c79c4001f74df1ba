//! Many requests a second that are worth nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use loadtest::closed_loop::{self, Config, Limit, Requests, request_bytes};

use crate::clock::{UnixMs, block, now};
use crate::http::POSTCODE;

const CONNECTIONS: usize = 32;
/// A run that forgets it ends it itself.
const DURATION_MAX: Duration = Duration::from_mins(2);

/// What is sent, and where to.
pub struct Flood {
    pub address: SocketAddr,
    /// In turn, over and over.
    pub requests: Vec<Vec<u8>>,
    /// At most.
    pub per_second: u32,
    pub enough: Arc<AtomicBool>,
}

/// What came of it.
pub struct Outcome {
    pub per_second: f64,
    /// Replies of success.
    pub accepted: u64,
}

/// Asking where these tickets stand.
pub fn polls<'a>(room: &str, tickets: impl IntoIterator<Item = &'a String>) -> Vec<Vec<u8>> {
    let path = format!("/v1/rooms/{room}/ticket");
    let poll = |ticket: &String| {
        request_bytes("GET", &path, &[("Authorization", &format!("Bearer {ticket}"))], &[])
    };
    tickets.into_iter().map(poll).collect()
}

/// Joining.
pub fn join(room: &str) -> Vec<u8> {
    let body = format!(r#"{{"residence":{{"postcode":"{POSTCODE}"}}}}"#);
    let path = format!("/v1/rooms/{room}/tickets");
    request_bytes("POST", &path, &[("Content-Type", "application/json")], body.as_bytes())
}

impl Flood {
    /// Runs on this thread until it is enough. Must not be called from within an async runtime's thread.
    pub fn run(self) -> Result<Outcome> {
        let config = Config {
            address: self.address,
            connections: CONNECTIONS,
            limit: Limit::Duration(DURATION_MAX),
        };
        let mut paced = Paced {
            requests: self.requests,
            began: now(),
            per_second: self.per_second.into(),
            enough: self.enough,
            accepted: 0,
        };
        let outcome = closed_loop::run(&config, &mut paced).context("the flood failed")?;
        Ok(Outcome { per_second: outcome.per_second(), accepted: paced.accepted })
    }
}

struct Paced {
    requests: Vec<Vec<u8>>,
    began: UnixMs,
    per_second: u64,
    enough: Arc<AtomicBool>,
    accepted: u64,
}

impl Requests for Paced {
    fn write_next(&mut self, number: u64, out: &mut Vec<u8>) -> bool {
        if self.enough.load(Ordering::Relaxed) {
            return false;
        }
        // All connections share this thread, so a short block slows them all down to the pace.
        let due_ms = number * 1_000 / self.per_second;
        if due_ms > (now() - self.began).unsigned_abs() {
            block(Duration::from_millis(1));
        }
        let count = self.requests.len() as u64;
        let request = usize::try_from(number % count).ok().and_then(|at| self.requests.get(at));
        out.extend(request.into_iter().flatten());
        true
    }

    fn answered(&mut self, _number: u64, status: u16, _body: &[u8]) {
        self.accepted += u64::from((200..300).contains(&status));
    }
}
