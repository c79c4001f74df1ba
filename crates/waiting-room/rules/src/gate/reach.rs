//! How far the gate may come within a time, whatever it finds out about people meanwhile.
//!
//! Whoever stands farther back cannot be called within it, and need not ask. The bounds hold for the levers as they are:
//! whoever waits while the operator raises the pace may learn of the call later.

use super::GateLevers;
use crate::pace::COME_MILLI_MIN;

/// The most places that may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// At once.
    pub at_once: u64,
    /// In each second after it.
    pub per_s: u64,
}

impl Reach {
    /// The reach under these levers.
    #[must_use]
    pub fn of(levers: &GateLevers) -> Self {
        // So many are called for each who may be admitted, if hardly anybody comes.
        let calls_each = u64::from(1_000 / COME_MILLI_MIN);
        let at_once = levers.burst.clamp(1, levers.max_active.max(1));
        let per_minute = calls_each * u64::from(levers.pace_per_minute.max(1));
        Self { at_once: calls_each * u64::from(at_once), per_s: per_minute.div_ceil(60) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::{LEVERS, READING, RULES, at};
    use crate::gate::{GateReading, Ledger, decide};
    use crate::lane::PerLane;

    /// Nobody comes, and the gate learns it: in the end it calls as far as it ever does.
    #[test]
    fn no_gate_calls_farther() {
        let mut levers = LEVERS;
        (levers.pace_per_minute, levers.burst, levers.max_active) = (60, 10, 1_000_000);
        let reach = Reach::of(&levers);
        assert_eq!(reach, Reach { at_once: 50, per_s: 5 });
        let mut ledger = Ledger::default();
        let mut called = PerLane::default();
        for s in 0..900_u64 {
            let places = PerLane::public(1_000_000);
            let reading = GateReading { now: at(s), places, called, ..READING };
            let decided = decide(&RULES, &levers, &reading, &ledger);
            called = decided.called;
            ledger = decided.ledger.unwrap_or(ledger);
            let bound = reach.at_once + s * reach.per_s;
            assert!(called.total() <= bound, "{} called after {s} s", called.total());
        }
        assert!(called.total() >= 1_800, "more than the pace of admissions: {}", called.total());
    }

    #[test]
    fn a_burst_is_no_larger_than_the_seats() {
        let mut levers = LEVERS;
        (levers.burst, levers.max_active, levers.pace_per_minute) = (1_000, 20, 0);
        assert_eq!(Reach::of(&levers), Reach { at_once: 100, per_s: 1 });
    }
}
