//! How many admissions per time: the generic cell rate algorithm (ITU-T I.371).
//!
//! Its whole state is one number, the theoretical arrival time (`tat`, in microseconds since the Unix
//! epoch), so a store keeps it as one field. In any window of length t at most `pace · t + burst`
//! admissions pass (P11).

use kernel::Timestamp;

use crate::settings::GateSettings;

/// A pace and the burst it tolerates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Microseconds between two admissions in the long run.
    pub interval_us: i64,
    /// Admissions that may come at once.
    pub burst: u32,
}

impl Pace {
    /// The pace of a gate.
    #[must_use]
    pub fn of(gate: &GateSettings) -> Self {
        let interval_us = 60_000_000 / i64::from(gate.pace_per_minute.max(1));
        Self { interval_us: interval_us.max(1), burst: gate.burst.max(1) }
    }

    /// How many may pass at `now`.
    #[must_use]
    pub fn permits(&self, tat_us: i64, now: Timestamp) -> u32 {
        let backlog_us = u64::try_from(tat_us - now.unix_ms() * 1_000).unwrap_or(0);
        let taken = backlog_us.div_ceil(self.interval_us.unsigned_abs());
        self.burst.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    /// The state after `count` passed at `now`.
    #[must_use]
    pub fn after(&self, tat_us: i64, now: Timestamp, count: u32) -> i64 {
        tat_us.max(now.unix_ms() * 1_000) + i64::from(count) * self.interval_us
    }
}

#[cfg(test)]
mod tests {
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
