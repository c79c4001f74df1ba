//! How many listen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::HttpRequest;
use metrics::{Gauge, describe_gauge, gauge};

use super::{StreamLimits, Streams};
use crate::client_address::ClientAddress;
use crate::problem::{Code, Problem, jittered_s};

/// When a client that found no seat asks for one again, at the earliest. Until then it asks without a stream.
const FULL_RETRY_AFTER_S: u64 = 30;
/// When a client comes back to a service that stops, and finds another.
const DRAINED_RETRY_AFTER_S: u64 = 3;

/// The right to one stream, given back when it is dropped.
pub struct Seat {
    taken: Arc<Taken>,
    address: ClientAddress,
}

pub(super) struct Seats {
    limits: StreamLimits,
    taken: Arc<Taken>,
}

/// The seats that are taken.
struct Taken {
    counts: Mutex<Counts>,
    measured: Gauge,
}

#[derive(Default)]
struct Counts {
    all: usize,
    by_address: HashMap<ClientAddress, usize>,
}

impl Taken {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    pub(super) fn new(service: &'static str, limits: StreamLimits) -> Self {
        describe_gauge!("http_streams_open", "streams of events that are open");
        let measured = gauge!("http_streams_open", "service" => service);
        Self { limits, taken: Arc::new(Taken { counts: Mutex::default(), measured }) }
    }

    fn take(&self, request: &HttpRequest) -> Option<Seat> {
        let address = ClientAddress::of(request, &self.limits.proxies);
        let mut counts = self.taken.counts();
        let of_address = counts.by_address.get(&address).copied().unwrap_or_default();
        if counts.all >= self.limits.streams_max || of_address >= self.limits.per_address_max {
            return None;
        }
        counts.all += 1;
        counts.by_address.insert(address, of_address + 1);
        self.taken.measured.increment(1);
        Some(Seat { taken: Arc::clone(&self.taken), address })
    }
}

impl<K, T> Streams<K, T> {
    /// A seat for the client of `request`. Refuses with `too-many-streams` if there is none, at all or for its address,
    /// and with `unavailable` if the service is about to stop.
    pub fn seat(&self, request: &HttpRequest) -> Result<Seat, Problem> {
        let refused =
            |code, after_s| Problem::new(code).retry_after_s(jittered_s(after_s, &*self.entropy));
        if self.drain.is_draining() {
            return Err(refused(Code::Unavailable, DRAINED_RETRY_AFTER_S));
        }
        let seat = self.seats.take(request);
        seat.ok_or_else(|| refused(Code::TooManyStreams, FULL_RETRY_AFTER_S))
    }
}

impl Seat {
    /// How many are taken, this one among them.
    pub(super) fn taken(&self) -> usize {
        self.taken.counts().all
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.taken.counts();
        counts.all = counts.all.saturating_sub(1);
        if let Some(count) = counts.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&self.address);
            }
        }
        self.taken.measured.decrement(1);
    }
}
