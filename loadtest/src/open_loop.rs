//! An open loop over HTTP/1.1: requests go out when they are due, whether or not earlier ones have been answered, as
//! people come who know nothing of each other. A closed loop cannot overload a server: it waits for it.
//!
//! Everything runs on the calling thread. Requests and replies are those of [`closed_loop`](crate::closed_loop).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::net::TcpStream;

use crate::clock;
use crate::closed_loop::{read_reply, write_all};

/// What is sent where, and when.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// The server.
    pub address: SocketAddr,
    /// When requests are due, from the beginning on and in this order.
    pub due: &'a [Duration],
    /// Whole requests, sent in turn. One that was refused with 429 or 503 may be sent again when all others have been.
    pub requests: &'a [Vec<u8>],
    /// Keep-alive connections at most; each is made when it is first needed. When all are busy, requests go out late.
    pub connections_max: usize,
}

/// One request and its reply; times are those since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When it should have been sent.
    pub due: Duration,
    /// When it was.
    pub sent: Duration,
    /// When the whole reply was there.
    pub answered: Duration,
    /// The status of the reply.
    pub status: u16,
}

struct Shared<'a> {
    due: std::slice::Iter<'a, Duration>,
    /// Indices of those that may be sent.
    ready: VecDeque<usize>,
    exchanges: Vec<Exchange>,
}

/// Sends them all and gives what became of them, in the order of the replies. Fewer than were due if there was none to
/// send. Must not be called from within an async runtime.
///
/// `Err` if a connection cannot be made, breaks, or carries something that is not such a reply.
pub fn run(config: &Config<'_>) -> io::Result<Vec<Exchange>> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let shared = RefCell::new(Shared {
            due: config.due.iter(),
            ready: (0..config.requests.len()).collect(),
            exchanges: Vec::with_capacity(config.due.len()),
        });
        let started = clock::now();
        let connections = 0..config.connections_max.min(config.due.len());
        try_join_all(connections.map(|_| connection(config, started, &shared))).await?;
        Ok(shared.into_inner().exchanges)
    })
}

/// One connection: waits until the next request is due, sends it, reads the reply.
async fn connection(
    config: &Config<'_>,
    started: Instant,
    shared: &RefCell<Shared<'_>>,
) -> io::Result<()> {
    const REFUSED: [u16; 2] = [429, 503];
    let mut stream = None;
    let mut reply = Vec::new();
    loop {
        let Some(due) = shared.borrow_mut().due.next().copied() else { return Ok(()) };
        clock::pause_until(started + due).await;
        let Some(index) = shared.borrow_mut().ready.pop_front() else { continue };
        let stream = match &mut stream {
            Some(stream) => stream,
            none => {
                let connected = TcpStream::connect(config.address).await?;
                connected.set_nodelay(true)?;
                none.insert(connected)
            }
        };
        let sent = clock::now();
        write_all(stream, &config.requests[index]).await?;
        reply.clear();
        let status = read_reply(stream, &mut reply).await?.status;
        let answered = clock::now().duration_since(started);
        let mut shared = shared.borrow_mut();
        if REFUSED.contains(&status) {
            shared.ready.push_back(index);
        }
        let sent = sent.duration_since(started);
        shared.exchanges.push(Exchange { due, sent, answered, status });
    }
}
