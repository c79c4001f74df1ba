//! Server-sent events (WHATWG HTML, section 9.2): who may listen, when those who do are woken, and how they are told.
//!
//! What there is to tell of a topic is looked for and written once, by one task, for all who listen to it: one more of
//! them costs a connection, and for each event one write.
//!
//! Nobody who reads slowly is waited for, and nothing is kept for them: they are told the newest once there is room for
//! it. Whoever reads nothing at all is given up by [`crate::server`], like every connection on which nothing moves.

mod beats;
mod listener;
mod seats;

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use kernel::Entropy;

use crate::client_address::TrustedProxies;
use crate::drain::Drain;

use beats::Followed;
use seats::Seats;

pub use beats::{Beats, Look, QUIET_MAX};
pub use listener::{Told, event_stream};
pub use seats::Seat;

/// How many may listen.
#[derive(Clone, Debug)]
pub struct StreamLimits {
    /// Streams of this process.
    pub streams_max: usize,
    /// Streams of one client address.
    pub per_address_max: usize,
    /// The proxies whose word is taken for a client's address.
    pub proxies: TrustedProxies,
    /// How often it is looked whether there is something to tell.
    pub every: Duration,
}

/// What the streams of a service are made of. Make them after the metrics recorder is installed.
pub struct StreamParts {
    /// How many may listen.
    pub limits: StreamLimits,
    /// Ends them when the service is about to stop.
    pub drain: Drain,
    /// Spreads the times at which those come back whose stream ended.
    pub entropy: Arc<dyn Entropy>,
}

/// All streams of a service, on topics `K` of which a `T` is told.
pub struct Streams<K, T> {
    seats: Seats,
    followed: Followed<K, T>,
    every: Duration,
    drain: Drain,
    entropy: Arc<dyn Entropy>,
}

impl<K: Clone + Eq + Hash, T> Streams<K, T> {
    /// No streams yet, of the service called `service` in metrics.
    #[must_use]
    pub fn new(service: &'static str, parts: StreamParts) -> Self {
        let StreamParts { limits, drain, entropy } = parts;
        let every = limits.every;
        Self {
            seats: Seats::new(service, limits),
            followed: Followed::new(),
            every,
            drain,
            entropy,
        }
    }
}

/// The id of the last event that arrived at a client which comes back.
#[must_use]
pub fn last_event_id(request: &HttpRequest) -> Option<u64> {
    let id = request.headers().get("last-event-id")?.to_str().ok()?;
    u64::from_str_radix(id, 16).ok()
}

/// An event as it is sent. `data` is one line of text.
#[must_use]
pub fn event(name: &str, id: u64, data: &[u8]) -> Bytes {
    let head = format!("event: {name}\nid: {id:016x}\ndata: ");
    [head.as_bytes(), data, b"\n\n"].concat().into()
}

#[cfg(test)]
mod tests;
