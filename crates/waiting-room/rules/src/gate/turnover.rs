//! How fast people leave, measured: whoever is called now finds a seat that is still taken.

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::ledger::Step;
use super::number::{nearest, real, real_ms};

/// Departures are counted this often.
const COUNTED_EVERY_MS: i64 = 2_000;
/// After a longer silence the count begins anew.
const COUNT_MAX_MS: i64 = 60_000;
/// What was counted counts half after this time.
const HALF_LIFE_MS: f64 = 90_000.0;
/// As long as a seat was watched for less, it counts as one that nobody left.
const PRIOR_MS_PER_SEAT: f64 = 15_000.0;
/// Nobody is taken to stay for less than ten seconds on average.
const SHARE_PER_MS_MAX: f64 = 1.0 / 10_000.0;

/// What was counted of departures. Old counts fade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Turnover {
    /// When departures were last counted.
    pub as_of: Timestamp,
    /// The passes that lived then.
    pub active: u32,
    /// People who left, in thousandths.
    pub left_milli: u64,
    /// The time in which they did, in milliseconds times passes.
    pub present_ms: u64,
}

impl Turnover {
    /// Counts who has left since the last time: who was there or came, and is not there any more.
    /// Who came without being expected is not known, so it is a lower bound.
    pub(super) fn count(
        &mut self,
        steps: &mut [Step],
        came: &BTreeMap<u64, u64>,
        active: u32,
        now: Timestamp,
    ) {
        let elapsed_ms = now.unix_ms().saturating_sub(self.as_of.unix_ms());
        if elapsed_ms < COUNTED_EVERY_MS {
            return;
        }
        let mut arrived = 0_u64;
        for step in steps {
            let total = came.get(&step.number).copied().unwrap_or(0);
            arrived = arrived.saturating_add(total.saturating_sub(step.came_counted));
            step.came_counted = total;
        }
        if elapsed_ms <= COUNT_MAX_MS {
            let left = u64::from(self.active).saturating_add(arrived).saturating_sub(active.into());
            let present_ms = f64::midpoint(real(self.active.into()), real(active.into()));
            let kept = 0.5_f64.powf(real_ms(elapsed_ms) / HALF_LIFE_MS);
            self.left_milli =
                nearest(real(self.left_milli) * kept).saturating_add(left.saturating_mul(1_000));
            self.present_ms =
                nearest(real(self.present_ms) * kept + present_ms * real_ms(elapsed_ms));
        } else {
            (self.left_milli, self.present_ms) = (0, 0);
        }
        (self.as_of, self.active) = (now, active);
    }

    /// How many of `active` people leave per millisecond.
    pub(super) fn leaving_per_ms(&self, active: u32) -> f64 {
        let active = real(active.into());
        let watched_ms = real(self.present_ms) + PRIOR_MS_PER_SEAT * active;
        let share_per_ms = real(self.left_milli) / 1_000.0 / watched_ms.max(1.0);
        active * share_per_ms.min(SHARE_PER_MS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::at;

    /// Every two seconds four come and four leave, of 200 who are there.
    fn steady(seconds: u64) -> Turnover {
        let mut turnover = Turnover::default();
        let mut steps = [Step { number: 1, ..Step::default() }];
        for s in (0..=seconds).step_by(2) {
            let came = BTreeMap::from([(1, 2 * s)]);
            turnover.count(&mut steps, &came, 200, at(s));
        }
        turnover
    }

    #[test]
    fn who_came_and_is_not_there_has_left() {
        let leaving_per_s = steady(600).leaving_per_ms(200) * 1_000.0;
        assert!((1.7..=2.0).contains(&leaving_per_s), "{leaving_per_s}");
        assert!(
            steady(10).leaving_per_ms(200) < steady(600).leaving_per_ms(200),
            "careful at first"
        );
    }

    #[test]
    fn counts_that_were_lost_are_nobody_who_left() {
        let mut turnover = steady(600);
        let before = turnover.left_milli;
        let mut steps = [Step { number: 1, came_counted: 1_200, ..Step::default() }];
        turnover.count(&mut steps, &BTreeMap::new(), 200, at(602));
        assert!(turnover.left_milli <= before);
    }

    #[test]
    fn after_a_silence_the_count_begins_anew() {
        let mut turnover = steady(600);
        turnover.count(&mut [], &BTreeMap::new(), 0, at(700));
        assert_eq!((turnover.left_milli, turnover.present_ms), (0, 0));
    }

    #[test]
    fn nothing_makes_it_faster_than_ten_seconds_a_visit() {
        let odd = Turnover { left_milli: u64::MAX, ..Turnover::default() };
        assert!((odd.leaving_per_ms(200) - 0.02).abs() < 1e-9);
        assert!(odd.leaving_per_ms(0).abs() < 1e-9);
    }
}
