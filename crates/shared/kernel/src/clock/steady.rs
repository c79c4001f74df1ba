//! The clock of a store that lives inside the process.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Clock, Stopwatch, SystemClock};
use crate::Timestamp;

/// The system's clock differs by at least this much from what it showed before: somebody has set
/// it, or the machine was suspended. Less than that is drift, or NTP at its work.
const STEP_MS: u64 = 1_000;

/// A step counts once it has lasted for this long.
const STEP_LASTS: Duration = Duration::from_mins(1);

/// The system's time of day without its short-lived steps.
///
/// A store inside the process (the rooms in memory, `SQLite`) has no clock of its own to follow, and
/// neither of the machine's two will do: the system's clock can be set an hour off by a slip of the
/// hand, which would end every pass or open a campaign early, and the monotonic one stands still
/// while the machine is suspended, after which every opening would be late for ever. So:
///
/// - A difference of less than a second is followed at once and silently; where the system's clock
///   went back, this one stands still until it is reached again.
/// - A larger one is ignored until it has lasted for a minute. A mistake that is mended within the
///   minute has changed nothing; a correction that stays, or the hours that a laptop was closed, are
///   taken over in one step, so openings are late by a minute at most.
///
/// It never goes back except by such a step. It looks at the system's clock whenever it is asked, so
/// "lasted" means from the first time it was asked after the step.
#[derive(Debug)]
pub struct SteadyClock {
    running: Stopwatch,
    anchor: Mutex<Anchor>,
}

impl SteadyClock {
    /// A clock that shows the system's time now.
    #[must_use]
    pub fn start() -> Self {
        Self { running: Stopwatch::start(), anchor: Mutex::new(Anchor::at(SystemClock.now())) }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        anchor.tell(SystemClock.now(), self.running.elapsed())
    }
}

/// The system's time less the time the process has run: it changes when the clock is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start(Timestamp);

impl Start {
    fn is_near(self, other: Self) -> bool {
        self.0.unix_ms().abs_diff(other.0.unix_ms()) < STEP_MS
    }
}

#[derive(Clone, Copy, Debug)]
struct Step {
    to: Start,
    seen_at: Duration,
}

#[derive(Debug)]
struct Anchor {
    start: Start,
    step: Option<Step>,
    shown: Timestamp,
}

impl Anchor {
    fn at(system: Timestamp) -> Self {
        Self { start: Start(system), step: None, shown: system }
    }

    /// The time to show, when the system's clock shows `system` and the process has run for
    /// `elapsed`.
    fn tell(&mut self, system: Timestamp, elapsed: Duration) -> Timestamp {
        let start = Start(system.minus(elapsed));
        match self.step {
            _ if start.is_near(self.start) => {
                self.start = start;
                self.step = None;
            }
            Some(step) if step.to.is_near(start) => {
                if elapsed.saturating_sub(step.seen_at) >= STEP_LASTS {
                    *self = Self::at(system);
                    self.start = start;
                }
            }
            Some(_) | None => self.step = Some(Step { to: start, seen_at: elapsed }),
        }
        self.shown = self.shown.max(self.start.0.plus(elapsed));
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: Timestamp = Timestamp::from_unix_s(1_623_664_800);
    const HOUR_MS: i64 = 3_600_000;

    /// When the clock is looked at, in milliseconds after noon, and how far the system's clock is
    /// off by then.
    type Look = (i64, i64);

    /// What the clock shows at these looks, in milliseconds after noon.
    fn shown(looks: &[Look]) -> Vec<i64> {
        let mut anchor = Anchor::at(NOON);
        let tell = |&(elapsed_ms, off_ms): &Look| {
            let elapsed = Duration::from_millis(elapsed_ms.unsigned_abs());
            let system = Timestamp::from_unix_ms(NOON.unix_ms() + elapsed_ms + off_ms);
            anchor.tell(system, elapsed).unix_ms() - NOON.unix_ms()
        };
        looks.iter().map(tell).collect()
    }

    #[test]
    fn drift_is_followed_and_steps_only_when_they_last() {
        let table: &[(&str, &[Look], &[i64])] = &[
            ("nothing happens", &[(0, 0), (5_000, 0)], &[0, 5_000]),
            ("drift forward", &[(5_000, 300), (9_000, 900)], &[5_300, 9_900]),
            ("drift is not bounded", &[(1_000, 900), (2_000, 1_800)], &[1_900, 3_800]),
            (
                "back a little: it waits",
                &[(5_000, -800), (5_100, -800), (6_000, -800)],
                &[4_200, 4_300, 5_200],
            ),
            (
                "back while shown: it waits",
                &[(5_000, 0), (5_100, -800), (6_000, -800)],
                &[5_000, 5_000, 5_200],
            ),
            (
                "a step that is taken back",
                &[(1_000, HOUR_MS), (60_000, HOUR_MS), (60_900, 0), (130_000, 0)],
                &[1_000, 60_000, 60_900, 130_000],
            ),
            (
                "a step that lasts",
                &[(1_000, HOUR_MS), (60_999, HOUR_MS), (61_000, HOUR_MS), (62_000, HOUR_MS)],
                &[1_000, 60_999, 61_000 + HOUR_MS, 62_000 + HOUR_MS],
            ),
            (
                "a step back that lasts",
                &[(1_000, -HOUR_MS), (61_000, -HOUR_MS), (62_000, -HOUR_MS)],
                &[1_000, 61_000 - HOUR_MS, 62_000 - HOUR_MS],
            ),
            (
                "another step begins another minute",
                &[(1_000, HOUR_MS), (50_000, -HOUR_MS), (70_000, -HOUR_MS), (110_000, -HOUR_MS)],
                &[1_000, 50_000, 70_000, 110_000 - HOUR_MS],
            ),
        ];
        for (name, looks, expected) in table {
            assert_eq!(shown(looks), *expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn it_goes_back_only_by_a_step_that_lasted(
            looks in prop::collection::vec((0..30_000_i64, -5_000..5_000_i64), 1..200)
        ) {
            let mut elapsed_ms = 0;
            let looks: Vec<_> = looks
                .into_iter()
                .map(|(later, off_ms)| {
                    elapsed_ms += later;
                    (elapsed_ms, off_ms)
                })
                .collect();
            let shown = shown(&looks);
            for (look, pair) in looks.windows(2).zip(shown.windows(2)) {
                let went_back = pair[1] < pair[0];
                let took_over = pair[1] == look[1].0 + look[1].1;
                prop_assert!(!went_back || took_over, "{look:?} {pair:?}");
            }
        }
    }
}
