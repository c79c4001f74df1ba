//! The only place that reads the monotonic clock and that sleeps: real people take real time.

use std::time::{Duration, Instant};

/// The monotonic clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a load test measures real time, and this is its one home"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time of day, in Unix milliseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with what a server on the same machine says, and this is its one home"
)]
pub(crate) fn wall_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Waits for `duration`.
#[expect(
    clippy::disallowed_methods,
    reason = "simulated people wait like real ones; every other wait goes through here"
)]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Waits until `at`; not at all if it has passed.
pub(crate) async fn pause_until(at: Instant) {
    let left = at.saturating_duration_since(now());
    if !left.is_zero() {
        pause(left).await;
    }
}

/// The server's clock, as one of its replies told it, carried on by our monotonic clock. Openings are compared
/// with it, so a load machine with a wrong clock still comes at the right moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerTime {
    told_ms: i64,
    told_at: Instant,
}

impl ServerTime {
    /// The server said it is `told_ms` (Unix milliseconds) just now.
    pub(crate) fn told(told_ms: i64) -> Self {
        Self { told_ms, told_at: now() }
    }

    /// The server's time now, in Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.told_at.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.told_ms.saturating_add(passed)
    }

    /// When the server's clock shows `at_ms` on ours; a moment before the first reading is that reading.
    pub(crate) fn instant_of(&self, at_ms: i64) -> Instant {
        let ahead = u64::try_from(at_ms.saturating_sub(self.told_ms)).unwrap_or(0);
        self.told_at + Duration::from_millis(ahead)
    }
}

/// Unix milliseconds of an RFC 3339 instant.
pub(crate) fn parse_ms(instant: &str) -> anyhow::Result<i64> {
    Ok(instant.parse::<jiff::Timestamp>()?.as_millisecond())
}
