//! What one process has once, whatever services run in it, and how it ends.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use booking::BookingStore;
use kernel::{Clock, Entropy, MonotonicClock, OsEntropy, SteadyClock};
use staff::StaffVerifier;
use waiting_room_http::RefreshStaffKeys;
use web::Drain;
use web::metrics::Metrics;
use web::trace::Tracing;

use crate::front::Front;
use crate::traces::Traces;

/// What the services of one process share.
#[derive(Clone)]
pub struct Process {
    /// The measurements; `None` where nobody reads them, as in tests.
    pub metrics: Option<Metrics>,
    /// The time of day that runs on whatever is done to the machine's clock; what follows a store's
    /// clock runs on it in between.
    pub clock: Arc<dyn Clock>,
    /// The clock of the stores that live in this process and have none of their own.
    pub embedded_clock: Arc<dyn Clock>,
    /// The system's randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Set when the process is about to stop.
    pub drain: Drain,
    /// Where traces go; `None` where nobody collects them.
    pub traces: Option<Traces>,
    /// Who is taken for staff; nobody unless it is set.
    pub staff: StaffVerifier,
    /// Reads the keys of staff again, within bounds of its own.
    pub refresh_staff_keys: RefreshStaffKeys,
    /// What a sandbox puts before the routes of its services; `None` everywhere else.
    pub front: Option<Arc<dyn Front>>,
    /// Where a sandbox, which has no database, keeps its bookings; `None` everywhere else.
    pub bookings: Option<Arc<dyn BookingStore>>,
}

impl Process {
    /// A process on the system's clocks and randomness.
    #[must_use]
    pub fn new(metrics: Option<Metrics>) -> Self {
        Self {
            metrics,
            clock: Arc::new(MonotonicClock::start()),
            embedded_clock: Arc::new(SteadyClock::start()),
            entropy: Arc::new(OsEntropy),
            drain: Drain::new(),
            traces: None,
            staff: StaffVerifier::default(),
            refresh_staff_keys: Arc::new(|| Box::pin(ready(()))),
            front: None,
            bookings: None,
        }
    }
}

impl Process {
    /// Records what this service does, if traces are collected.
    pub fn tracing(&self, service: &'static str) -> anyhow::Result<Option<Tracing>> {
        self.traces.as_ref().map(|traces| traces.of_service(service)).transpose()
    }
}

/// How long the two phases of a stop may take; see `[shutdown]`.
#[derive(Clone, Copy, Debug)]
pub struct StopTimes {
    /// Not ready, still serving.
    pub drain: Duration,
    /// Requests under way end.
    pub finish: Duration,
}

/// Waits until the process is asked to stop, by SIGTERM or by Ctrl-C.
pub async fn asked_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

impl StopTimes {
    /// The configured times.
    #[must_use]
    pub fn of(config: &crate::config::Config) -> Self {
        Self {
            drain: Duration::from_secs(config.shutdown.drain_s),
            finish: Duration::from_secs(config.shutdown.finish_s),
        }
    }
}
