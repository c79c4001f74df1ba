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

/// Blocks this thread, which runs nothing else.
#[expect(clippy::disallowed_methods, reason = "paces a load generator on a thread of its own")]
pub fn block(duration: Duration) {
    std::thread::sleep(duration);
}

/// `seconds` as a duration; nothing below zero.
pub fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.max(0.0))
}
