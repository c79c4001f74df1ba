//! How many passes may live: fewer than `max_active` while the booking API is loaded.
//!
//! Additive increase, multiplicative decrease (Chiu and Jain, 1989): a queue more than half full
//! takes three tenths away, each report of a shorter one gives a fiftieth back.

use std::time::Duration;

use kernel::Timestamp;

use super::ledger::Ledger;
use super::{GateLevers, GateRules, Report};

/// A report older than this is stale, for the load as for the places.
pub(super) const FRESH: Duration = Duration::from_secs(10);

/// Where no report comes, the allowance grows this often.
const GROWS_EVERY: Duration = Duration::from_secs(10);

/// How old a report is. One from the future is as old as it is early: the clock has stepped back,
/// and nobody can tell when it was counted.
pub(super) fn age(report: &Report, now: Timestamp) -> Duration {
    now.since(report.counted_at).max(report.counted_at.since(now))
}

/// The allowance that the ledger knows, between its bounds.
pub(super) fn current(rules: &GateRules, levers: &GateLevers, ledger: &Ledger) -> u32 {
    let least = rules.min_active.max(1).min(levers.max_active);
    ledger.allowance.map_or(levers.max_active, |known| known.clamp(least, levers.max_active))
}

/// Follows the reported load, once for each report. Without fresh reports the allowance goes back to
/// `max_active`, slowly: what slowed the gate down is no longer known to be so.
pub(super) fn follow(
    rules: &GateRules,
    levers: &GateLevers,
    report: Option<&Report>,
    ledger: &mut Ledger,
    now: Timestamp,
) {
    let before = current(rules, levers, ledger);
    let larger = before.saturating_add((levers.max_active / 50).max(1));
    let (after, seen_at) = match report.filter(|report| age(report, now) <= FRESH) {
        Some(report) if ledger.load_seen_at == Some(report.counted_at.min(now)) => return,
        Some(report) => {
            let overloaded = report.queue_depth.saturating_mul(2) > report.queue_depth_max;
            let smaller = u64::from(before) * 7 / 10;
            let after = if overloaded { u32::try_from(smaller).unwrap_or(before) } else { larger };
            (after, report.counted_at.min(now))
        }
        None if ledger.load_seen_at.is_some_and(|seen_at| now.since(seen_at) < GROWS_EVERY) => {
            return;
        }
        None => (larger, now),
    };
    let after = after.max(rules.min_active.max(1)).min(levers.max_active);
    if after == levers.max_active {
        (ledger.allowance, ledger.load_seen_at) = (None, None);
    } else {
        (ledger.allowance, ledger.load_seen_at) = (Some(after), Some(seen_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::{LEVERS, RULES, at, report};

    fn loaded(s: u64, queue_depth: u64) -> Report {
        Report { queue_depth, queue_depth_max: 100, ..report(s, 1_000) }
    }

    fn after(ledger: &mut Ledger, report: Option<Report>, s: u64) -> u32 {
        follow(&RULES, &LEVERS, report.as_ref(), ledger, at(s));
        current(&RULES, &LEVERS, ledger)
    }

    #[test]
    fn load_takes_three_tenths_once_a_report_and_gives_a_fiftieth_back() {
        let mut ledger = Ledger::default();
        assert_eq!(after(&mut ledger, Some(loaded(0, 51)), 0), 140);
        assert_eq!(after(&mut ledger, Some(loaded(0, 51)), 1), 140, "the same report again");
        assert_eq!(after(&mut ledger, Some(loaded(2, 90)), 2), 98);
        assert_eq!(after(&mut ledger, Some(loaded(3, 50)), 3), 102);
        assert_eq!(after(&mut ledger, Some(loaded(4, 0)), 4), 106);
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut ledger = Ledger::default();
        for s in 0..30 {
            after(&mut ledger, Some(loaded(s, 100)), s);
        }
        assert_eq!(current(&RULES, &LEVERS, &ledger), RULES.min_active);
        for s in 30..90 {
            after(&mut ledger, Some(loaded(s, 0)), s);
        }
        assert_eq!(current(&RULES, &LEVERS, &ledger), LEVERS.max_active);
        assert_eq!(ledger, Ledger::default(), "at its upper bound there is nothing to remember");
        let nobody = GateLevers { max_active: 0, ..LEVERS };
        assert_eq!(current(&RULES, &nobody, &ledger), 0);
    }

    #[test]
    fn without_fresh_reports_it_goes_back_slowly() {
        for missing in [None, Some(loaded(0, 100)), Some(loaded(9_000, 100))] {
            let mut ledger = Ledger::default();
            assert_eq!(after(&mut ledger, Some(loaded(0, 100)), 0), 140);
            assert_eq!(after(&mut ledger, missing.filter(|seen| seen.counted_at > at(0)), 9), 140);
            assert_eq!(after(&mut ledger, missing, 11), 144);
            assert_eq!(after(&mut ledger, missing, 12), 144);
            for s in 13..200 {
                after(&mut ledger, missing, s);
            }
            assert_eq!(ledger, Ledger::default());
        }
    }
}
