//! The time that rate limits go by.

use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock;
use governor::nanos::Nanos;
use kernel::Stopwatch;

/// The time since some moment. It never goes back: a wall clock that was set back by an hour would
/// keep everybody out for that hour.
#[derive(Clone)]
pub struct LimitClock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl LimitClock {
    /// The time since now, on the machine's monotonic clock.
    #[must_use]
    pub fn monotonic() -> Self {
        let since = Stopwatch::start();
        Self::of(move || since.elapsed())
    }

    /// A clock that a test moves.
    #[must_use]
    pub fn of(elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(elapsed))
    }
}

impl Clock for LimitClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from((self.0)())
    }
}
