//! What will happen soon to those who were called: who comes when, and how sure that is.

use super::ledger::Outstanding;
use super::number::{nearest, real, real_ms, whole};
use super::show_rate::LifeTable;

/// The gate looks ahead to these times, in units of the claim window.
const AHEAD: [f64; 13] = [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0, 20.0, 60.0];

/// This many standard deviations stay free, so that hardly anybody who comes is told to wait.
const MARGIN_DEVIATIONS: f64 = 2.4;

/// Who comes when.
pub(super) struct Forecast {
    moments: [Moment; AHEAD.len()],
    /// How many of the called still come within their claim window.
    pub still_come: f64,
    /// The chance that somebody who is called now comes within the claim window.
    pub newcomer_comes: f64,
}

/// What has happened by a time ahead.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    ahead_ms: f64,
    /// How many of the called have come by then, and the variance of that.
    come: f64,
    variance: f64,
    /// The chance that somebody who is called now has come by then.
    newcomer: f64,
}

impl Forecast {
    /// What `table` says of those who are outstanding. O(steps).
    pub(super) fn new(table: &LifeTable, outstanding: &[Outstanding], unit_ms: i64) -> Self {
        let moments = AHEAD.map(|ahead| {
            let mut moment = Moment {
                ahead_ms: ahead * real_ms(unit_ms),
                newcomer: table.comes(0.0, ahead),
                ..Moment::default()
            };
            for group in outstanding {
                let chance = table.comes(group.age, group.age + ahead);
                moment.come += real(group.people) * chance;
                moment.variance += real(group.people) * chance * (1.0 - chance);
            }
            moment
        });
        let still_come =
            outstanding.iter().map(|group| real(group.people) * table.still_comes(group.age)).sum();
        Self { moments, still_come, newcomer_comes: table.still_comes(0.0) }
    }

    /// How many more may be called if `free` can be taken now and `regained_per_ms` come back, so that
    /// at no time ahead more people come than find something free. `uncertain` of what comes back is
    /// left to chance, from 0 (it comes back like clockwork) to 1 (each on its own).
    pub(super) fn callable(&self, free: f64, regained_per_ms: f64, uncertain: f64) -> u64 {
        let tightest = self.moments.iter().map(|moment| {
            let regained = regained_per_ms * moment.ahead_ms;
            let margin = MARGIN_DEVIATIONS * (moment.variance + uncertain * regained).sqrt();
            let left = free + regained - moment.come - margin;
            if left > 0.0 { left / moment.newcomer.max(f64::EPSILON) } else { 0.0 }
        });
        whole(tightest.fold(f64::MAX, f64::min))
    }

    /// How many of `free` nobody who was called is expected to take.
    pub(super) fn unclaimed(&self, free: u64) -> u64 {
        nearest((real(free) - self.still_come).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::show_rate::{ShowRate, unit_ms};

    fn forecast(outstanding: &[Outstanding]) -> Forecast {
        Forecast::new(&ShowRate::default().table(600), outstanding, unit_ms(600))
    }

    #[test]
    fn seats_that_come_back_in_time_are_given_away_before() {
        let nobody = forecast(&[]);
        assert_eq!(nobody.callable(0.0, 0.0, 1.0), 0, "no seat is free and none comes back");
        let leaving_per_ms = 200.0 / 60_000.0;
        let called = nobody.callable(0.0, leaving_per_ms, 1.0);
        assert!((5..60).contains(&called), "{called} for those who leave within half a minute");
    }

    #[test]
    fn the_less_is_certain_the_more_stays_free() {
        let certain = forecast(&[]).callable(100.0, 0.001, 0.0);
        let uncertain = forecast(&[]).callable(100.0, 0.001, 1.0);
        assert!(certain > uncertain, "{certain} {uncertain}");
    }

    #[test]
    fn what_the_called_will_take_is_not_given_away() {
        let expected = forecast(&[Outstanding { people: 40, age: 0.0 }]);
        assert_eq!(expected.unclaimed(100), 61, "one of forty may not come");
        assert_eq!(forecast(&[Outstanding { people: 400, age: 0.0 }]).unclaimed(100), 0);
        assert_eq!(forecast(&[Outstanding { people: 400, age: 60.0 }]).unclaimed(100), 100);
    }
}
