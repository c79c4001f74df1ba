//! Load on one server, and how busy both sides were with it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use loadtest::closed_loop::{self, Config, Limit, Requests};

use crate::cpu;
use crate::service::Service;

/// What is sent.
pub struct Load<'a> {
    pub connections: usize,
    pub limit: Limit,
    /// One after the other.
    pub requests: &'a [Vec<u8>],
    /// From the first again after the last; else that is the end.
    pub repeat: bool,
}

/// What one measurement gave.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub replies: u64,
    pub per_second: f64,
    pub p99_ms: f64,
    /// Processor seconds per second of the server; 1 is a whole core.
    pub server_busy: f64,
    /// The same of the load generator.
    pub load_busy: f64,
}

/// Sends the load and measures. Any other reply than success is an error: it would be a measurement of
/// something else.
pub fn measure(server: &Service, load: &Load<'_>) -> Result<Measured> {
    run(server, load, None)
}

/// Sends the load and gives the bodies of all replies, in the order of the requests.
pub fn collect(server: &Service, load: &Load<'_>) -> Result<Vec<Vec<u8>>> {
    let mut bodies = Vec::new();
    run(server, load, Some(&mut bodies))?;
    Ok(bodies)
}

fn run(server: &Service, load: &Load<'_>, bodies: Option<&mut Vec<Vec<u8>>>) -> Result<Measured> {
    let config =
        Config { address: server.address, connections: load.connections, limit: load.limit };
    let mut exchange = Exchange { load, refused: None, bodies };
    let (server_before, load_before, started) = (server.cpu_s()?, cpu::of_this_process_s()?, now());
    let outcome = closed_loop::run(&config, &mut exchange).context("the load failed")?;
    let wall_s = started.elapsed().as_secs_f64();
    if let Some((status, body)) = exchange.refused {
        bail!(
            "{} of {} replies were no success; one was {status}: {body}",
            outcome.non_2xx,
            outcome.requests
        );
    }
    Ok(Measured {
        replies: outcome.requests,
        per_second: outcome.per_second(),
        p99_ms: outcome.p99_ms,
        server_busy: (server.cpu_s()? - server_before) / wall_s,
        load_busy: (cpu::of_this_process_s()? - load_before) / wall_s,
    })
}

struct Exchange<'a> {
    load: &'a Load<'a>,
    refused: Option<(u16, String)>,
    bodies: Option<&'a mut Vec<Vec<u8>>>,
}

impl Requests for Exchange<'_> {
    fn write_next(&mut self, number: u64, out: &mut Vec<u8>) -> bool {
        let requests = self.load.requests;
        let Ok(mut index) = usize::try_from(number) else { return false };
        if self.load.repeat {
            index %= requests.len();
        }
        let Some(request) = requests.get(index) else { return false };
        out.extend_from_slice(request);
        true
    }

    fn answered(&mut self, number: u64, status: u16, body: &[u8]) {
        if !(200..300).contains(&status) && self.refused.is_none() {
            self.refused = Some((status, String::from_utf8_lossy(body).into_owned()));
        }
        if let Some(bodies) = &mut self.bodies
            && let Ok(index) = usize::try_from(number)
        {
            if bodies.len() <= index {
                bodies.resize(index + 1, Vec::new());
            }
            bodies[index] = body.to_vec();
        }
    }
}

/// For so long.
pub fn lasting(seconds: u32) -> Limit {
    Limit::Duration(Duration::from_secs(seconds.into()))
}

#[expect(clippy::disallowed_methods, reason = "measures")]
fn now() -> Instant {
    Instant::now()
}
