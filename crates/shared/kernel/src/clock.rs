//! Where the time comes from. The only home of the system clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::Timestamp;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The current instant.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one home of the system clock")]
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.unix_ms()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Moves the clock to `now`.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.unix_ms(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that follows a store's clock.
///
/// "Is the opening reached?" must have the same answer on every instance, so instances compare with
/// the store's time instead of their own: each observation of the store's time replaces the offset.
/// Between observations the base clock runs on, so a store that is down does not stop the time.
pub struct SyncedClock {
    base: Arc<dyn Clock>,
    offset_ms: AtomicI64,
}

impl SyncedClock {
    /// A clock that shows `base` until a store's time has been observed.
    #[must_use]
    pub fn new(base: Arc<dyn Clock>) -> Self {
        Self { base, offset_ms: AtomicI64::new(0) }
    }

    /// Takes over the time a store has just told.
    pub fn observe(&self, store_now: Timestamp) {
        let offset_ms = store_now.unix_ms() - self.base.now().unix_ms();
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }
}

impl Clock for SyncedClock {
    fn now(&self) -> Timestamp {
        let offset_ms = self.offset_ms.load(Ordering::Relaxed);
        Timestamp::from_unix_ms(self.base.now().unix_ms() + offset_ms)
    }
}

/// Measures how long something took. For metrics only: never compare it with a [`Timestamp`].
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one home of the monotonic clock")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_synced_clock_follows_the_store_and_runs_on() {
        let base = Arc::new(ManualClock::at(Timestamp::from_unix_ms(1_000)));
        let synced = SyncedClock::new(base.clone());
        assert_eq!(synced.now().unix_ms(), 1_000);
        synced.observe(Timestamp::from_unix_ms(5_000));
        base.advance(Duration::from_millis(10));
        assert_eq!(synced.now().unix_ms(), 5_010);
    }
}
