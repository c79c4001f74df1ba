//! The only place that reads the time and that waits: a fault run takes real time.

use std::time::Duration;

use jiff::Timestamp;

/// Milliseconds since the Unix epoch, by this machine's clock, which Redis and the instances share.
pub type UnixMs = i64;

/// The time.
#[expect(clippy::disallowed_methods, reason = "a fault run takes real time; this is its one home")]
pub fn now() -> UnixMs {
    Timestamp::now().as_millisecond()
}

/// Waits.
#[expect(
    clippy::disallowed_methods,
    reason = "simulated people and staged faults take real time; every wait goes through here"
)]
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Waits until then.
pub async fn until(at: UnixMs) {
    pause(Duration::from_millis(u64::try_from(at - now()).unwrap_or_default())).await;
}

/// Blocks this thread, which runs nothing else.
#[expect(clippy::disallowed_methods, reason = "paces a load generator on a thread of its own")]
pub fn block(duration: Duration) {
    std::thread::sleep(duration);
}

/// `seconds` as a duration; nothing below zero.
pub fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.max(0.0))
}

/// From when to when, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: UnixMs,
    pub until: UnixMs,
}

impl Span {
    /// From then until now, and a little longer.
    pub fn since(from: UnixMs, and_ms: i64) -> Self {
        Self { from, until: now() + and_ms }
    }

    /// How long both last, in milliseconds.
    pub fn shared_ms(self, other: Self) -> i64 {
        (self.until.min(other.until) - self.from.max(other.from)).max(0)
    }

    pub fn overlaps(self, other: Self) -> bool {
        self.from <= other.until && other.from <= self.until
    }
}
