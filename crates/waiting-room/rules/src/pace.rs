//! How many admissions per time: the generic cell rate algorithm (ITU-T I.371).
//!
//! Its whole state is one number, the theoretical arrival time (`tat`, in microseconds since the Unix
//! epoch), so a store keeps it as one field. In any window of length t at most `pace · t + burst`
//! admissions pass (P11).
//!
//! What passes at `now` leaves a `tat` of at most `now + burst · interval`. One that is later comes
//! from a clock that has stepped back, or from another pace. It is taken to be one interval less than
//! that limit, so one may pass and puts it right: no `tat` stops the pace, and a refusal writes nothing.
//! All in microseconds, `/` rounded down:
//!
//! ```text
//! limit   = burst * interval
//! backlog = max(tat - now, 0);  if backlog > limit then backlog = limit - interval
//! permits = (limit - backlog) / interval
//! after   = now + backlog + count * interval                      for count <= permits
//! ```
//!
//! Scripts of a store compute the same.

use kernel::Timestamp;

/// However few come, no more than five are called for each who may be admitted.
pub(crate) const COME_MILLI_MIN: u32 = 200;

/// A pace and the burst it tolerates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Microseconds between two admissions in the long run.
    pub interval_us: i64,
    /// Admissions that may come at once.
    pub burst: u32,
}

impl Pace {
    /// `pace` admissions a minute in the long run, `burst` at once; at least one of each.
    #[must_use]
    pub fn per_minute(pace: u32, burst: u32) -> Self {
        Self { interval_us: (60_000_000 / i64::from(pace.max(1))).max(1), burst: burst.max(1) }
    }

    /// How many may pass at `now`.
    #[must_use]
    pub fn permits(&self, tat_us: i64, now: Timestamp) -> u32 {
        self.permits_each(self.interval_us, tat_us, now)
    }

    /// The state after `count` passed at `now`, for a `count` of at most [`Self::permits`].
    #[must_use]
    pub fn after(&self, tat_us: i64, now: Timestamp, count: u32) -> i64 {
        self.after_each(self.interval_us, tat_us, now, count)
    }

    /// How many may be called at `now` if of a thousand who are called `come_milli` come: so many more
    /// that as many are admitted, but at most five times as many.
    #[must_use]
    pub fn calls(&self, come_milli: u32, tat_us: i64, now: Timestamp) -> u32 {
        self.permits_each(self.per_call_us(come_milli), tat_us, now)
    }

    /// The state after `count` were called at `now`, for a `count` of at most [`Self::calls`].
    #[must_use]
    pub fn after_calls(&self, come_milli: u32, tat_us: i64, now: Timestamp, count: u32) -> i64 {
        self.after_each(self.per_call_us(come_milli), tat_us, now, count)
    }

    fn permits_each(&self, each_us: i64, tat_us: i64, now: Timestamp) -> u32 {
        let left_us = self.limit_us() - self.backlog_us(tat_us, now);
        u32::try_from(left_us / each_us).unwrap_or(u32::MAX)
    }

    fn after_each(&self, each_us: i64, tat_us: i64, now: Timestamp, count: u32) -> i64 {
        let used_us = i64::from(count).saturating_mul(each_us);
        now_us(now).saturating_add(self.backlog_us(tat_us, now)).saturating_add(used_us)
    }

    fn per_call_us(&self, come_milli: u32) -> i64 {
        let come_milli = i64::from(come_milli.clamp(COME_MILLI_MIN, 1_000));
        (self.interval_us.saturating_mul(come_milli) / 1_000).max(1)
    }

    /// How far `tat` is ahead of `now`, as far as this pace can have produced it.
    fn backlog_us(&self, tat_us: i64, now: Timestamp) -> i64 {
        let backlog_us = tat_us.saturating_sub(now_us(now)).max(0);
        if backlog_us > self.limit_us() { self.limit_us() - self.interval_us } else { backlog_us }
    }

    /// The time in which a used burst is permitted again.
    fn limit_us(&self) -> i64 {
        i64::from(self.burst).saturating_mul(self.interval_us)
    }
}

fn now_us(now: Timestamp) -> i64 {
    now.unix_ms().saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// P11: admitted in any window ≤ pace·t + burst.
        #[test]
        fn never_more_than_pace_and_burst(
            interval_us in 1_000_i64..2_000_000,
            burst in 1_u32..50,
            steps in prop::collection::vec((0_i64..5_000, 0_u32..60), 1..60),
        ) {
            let pace = Pace { interval_us, burst };
            let (mut now, mut tat_us) = (Timestamp::from_unix_ms(1_000_000), 0);
            let mut admitted: Vec<(i64, u32)> = Vec::new();
            for (wait_ms, wanted) in steps {
                now = Timestamp::from_unix_ms(now.unix_ms() + wait_ms);
                let count = wanted.min(pace.permits(tat_us, now));
                tat_us = pace.after(tat_us, now, count);
                admitted.push((now.unix_ms(), count));
            }
            for from in 0..admitted.len() {
                let mut sum = 0;
                for (at, count) in &admitted[from..] {
                    sum += i64::from(*count);
                    let window_us = (at - admitted[from].0) * 1_000;
                    prop_assert!(sum <= window_us / interval_us + i64::from(burst) + 1);
                }
            }
        }
    }

    proptest! {
        /// P18: whatever an earlier clock or pace left behind, calling goes on, and at the pace.
        #[test]
        fn no_tat_stops_the_pace(
            interval_us in 1_i64..60_000_000,
            burst in 1_u32..5_000,
            come_milli in 0_u32..2_000,
            tat_us: i64,
            now_ms in 0_i64..4_000_000_000_000,
        ) {
            let (pace, now) = (Pace { interval_us, burst }, Timestamp::from_unix_ms(now_ms));
            let later = Timestamp::from_unix_ms(now_ms + interval_us / 1_000 + 1);
            prop_assert!(pace.permits(tat_us, now).max(pace.permits(tat_us, later)) >= 1);
            let permits = pace.permits(tat_us, now);
            prop_assert_eq!(pace.permits(pace.after(tat_us, now, permits), now), 0);
            let calls = pace.calls(come_milli, tat_us, now);
            prop_assert!(calls >= permits);
            prop_assert_eq!(pace.permits(pace.after_calls(come_milli, tat_us, now, calls), now), 0);
        }
    }

    #[test]
    fn a_clock_that_steps_back_does_not_stop_the_pace() {
        let pace = Pace { interval_us: 100_000, burst: 3 };
        let tat_us = pace.after(0, Timestamp::from_unix_s(7_200), 3);
        let stepped_back = Timestamp::from_unix_s(3_600);
        assert_eq!(pace.permits(tat_us, stepped_back), 1);
        let tat_us = pace.after(tat_us, stepped_back, 1);
        assert_eq!(pace.permits(tat_us, stepped_back), 0);
        assert_eq!(pace.permits(tat_us, stepped_back.plus(Duration::from_millis(99))), 0);
        assert_eq!(pace.permits(tat_us, stepped_back.plus(Duration::from_millis(100))), 1);
        assert_eq!(pace.permits(tat_us, stepped_back.plus(Duration::from_millis(300))), 3);
    }

    #[test]
    fn where_few_come_more_are_called() {
        let (pace, now) = (Pace::per_minute(600, 100), Timestamp::from_unix_s(1));
        assert_eq!(
            [1_000, 500, 0].map(|come_milli| pace.calls(come_milli, 0, now)),
            [100, 200, 500]
        );
        let used = pace.after_calls(500, 0, now, 100);
        assert_eq!((pace.calls(500, used, now), pace.permits(used, now)), (100, 50));
    }

    #[test]
    fn a_burst_after_quiet_then_the_pace() {
        let pace = Pace { interval_us: 100_000, burst: 3 };
        let now = Timestamp::from_unix_ms(10_000);
        assert_eq!(pace.permits(0, now), 3);
        let tat_us = pace.after(0, now, 3);
        assert_eq!(pace.permits(tat_us, now), 0);
        assert_eq!(pace.permits(tat_us, Timestamp::from_unix_ms(10_099)), 0);
        assert_eq!(pace.permits(tat_us, Timestamp::from_unix_ms(10_100)), 1);
        assert_eq!(pace.permits(tat_us, Timestamp::from_unix_ms(20_000)), 3);
    }
}
