//! The time of day that nobody can set while the process runs.

use super::{Clock, Stopwatch, SystemClock};
use crate::Timestamp;

/// The system's time when the clock was made, and the time that has really passed since.
///
/// A step of the system's clock, by an operator or by NTP, changes nothing in a running process.
/// The price is that it keeps the error it started with, drifts as the machine's quartz does, and
/// falls behind by as long as the machine is suspended. So it is a base for [`super::SyncedClock`],
/// which corrects all three; a store that has no other clock uses [`super::SteadyClock`].
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    started: Timestamp,
    running: Stopwatch,
}

impl MonotonicClock {
    /// A clock that shows the system's time now.
    #[must_use]
    pub fn start() -> Self {
        Self { started: SystemClock.now(), running: Stopwatch::start() }
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Timestamp {
        self.started.plus(self.running.elapsed())
    }
}
