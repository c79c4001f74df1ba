//! How many people it makes sense to call for the places that are left.

use std::time::Duration;

use kernel::Timestamp;

use super::allowance::{FRESH, age};
use super::forecast::Forecast;
use super::number::{nearest, real, real_ms};
use super::show_rate::unit_ms;
use super::{GateReading, GateRules, Ledger, Report};

/// After this time without news somebody is called to find out, where the last report said that
/// nothing is left.
const PROBE_EVERY: Duration = Duration::from_secs(30);

/// How many may be called for the places left; `None` if no report says how many there are.
///
/// A report from before the last opening knows nothing of the places released then. Who is present
/// and holds nothing yet, and who is expected, will want some of the places; seats that are held are
/// no longer among those left.
pub(super) fn callable(
    rules: &GateRules,
    reading: &GateReading<'_>,
    ledger: &Ledger,
    forecast: &Forecast,
) -> Option<u64> {
    let report = known(reading)?;
    let factor = real(rules.places_factor_percent.max(1).into()) / 100.0;
    let wanted = (believed(rules, report, reading.now) * factor).ceil();
    let undecided = u64::from(reading.active_fresh).saturating_sub(report.held_passes);
    let useful = nearest((wanted - real(undecided) - forecast.still_come).max(0.0));
    let probe = probe_is_due(rules, report, ledger, reading.now);
    Some(useful.max(u64::from(probe)))
}

/// The report, if it knows of all places that have been released.
pub(super) fn known<'a>(reading: &'a GateReading<'_>) -> Option<&'a Report> {
    let is_recent =
        |report: &&Report| reading.last_opening.is_none_or(|opening| report.counted_at >= opening);
    reading.report.as_ref().filter(is_recent)
}

/// How many of the reported places are still believed in: all while the report is fresh, then half
/// as many with each claim window, in which those who came may have taken them.
fn believed(rules: &GateRules, report: &Report, now: Timestamp) -> f64 {
    (real(report.places_left) * halved_while_stale(rules, report, now)).floor()
}

/// Whether somebody should go and see, since no report has come for long and nobody was called
/// lately. The longer nothing is heard, the more often.
fn probe_is_due(rules: &GateRules, report: &Report, ledger: &Ledger, now: Timestamp) -> bool {
    let unit_s = real_ms(unit_ms(rules.expected_for_s())) / 1_000.0;
    let every_s = (PROBE_EVERY.as_secs_f64() * halved_while_stale(rules, report, now)).max(unit_s);
    let last = ledger.steps.iter().rev().find(|step| step.invited > 0);
    let is_quiet = last.is_none_or(|step| now.since(step.at).as_secs_f64() >= every_s);
    is_quiet && age(report, now) >= PROBE_EVERY
}

/// 1 while the report is fresh, then half as much with each claim window.
fn halved_while_stale(rules: &GateRules, report: &Report, now: Timestamp) -> f64 {
    let stale_s = age(report, now).saturating_sub(FRESH).as_secs_f64();
    0.5_f64.powf(stale_s / f64::from(rules.claim_window_s.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::ledger::{Outstanding, Step};
    use crate::gate::show_rate::ShowRate;
    use crate::gate::testing::{READING, RULES, at, report};

    fn places(reading: &GateReading<'_>, ledger: &Ledger, expected: u64) -> Option<u64> {
        let just_called = [Outstanding { people: expected, age: 0.0 }];
        let table = ShowRate::default().table(RULES.claim_window_s);
        let forecast = Forecast::new(&table, &just_called, unit_ms(RULES.expected_for_s()));
        callable(&RULES, reading, ledger, &forecast)
    }

    fn reported(left: u64, now_s: u64) -> GateReading<'static> {
        GateReading { now: at(now_s), report: Some(report(0, left)), ..READING }
    }

    #[test]
    fn without_a_report_places_are_no_bound() {
        assert_eq!(places(&READING, &Ledger::default(), 0), None);
    }

    #[test]
    fn a_report_from_before_the_opening_is_unknown_not_zero() {
        let opening = |s| GateReading { last_opening: Some(at(s)), ..reported(0, 5) };
        assert_eq!(places(&opening(1), &Ledger::default(), 0), None);
        assert_eq!(places(&opening(0), &Ledger::default(), 0), Some(0));
    }

    #[test]
    fn seats_on_hold_are_not_taken_twice() {
        let held = Report { held_passes: 200, held_seats: 320, ..report(0, 100) };
        let reading = GateReading { active_fresh: 200, report: Some(held), ..READING };
        assert_eq!(places(&reading, &Ledger::default(), 0), Some(150));
        let held = Report { held_passes: 300, ..held };
        let reading = GateReading { report: Some(held), ..reading };
        assert_eq!(places(&reading, &Ledger::default(), 0), Some(150), "holds of older passes");
    }

    #[test]
    fn who_is_undecided_or_expected_will_want_places() {
        let reading = GateReading { active_fresh: 30, ..reported(100, 0) };
        assert_eq!(places(&reading, &Ledger::default(), 0), Some(120));
        let with_expected = places(&reading, &Ledger::default(), 100).expect("known");
        assert!((20..26).contains(&with_expected), "{with_expected}");
        assert_eq!(places(&reading, &Ledger::default(), 1_000), Some(0));
    }

    #[test]
    fn a_stale_number_stays_usable_and_shrinks() {
        let after = |s| places(&reported(500, s), &Ledger::default(), 0).expect("known");
        assert_eq!((after(0), after(10)), (750, 750));
        assert_eq!((after(610), after(1_210)), (375, 188));
        assert_eq!(after(86_400), 1, "a probe remains");
    }

    #[test]
    fn a_last_zero_does_not_mean_sold_out_for_ever() {
        let quiet = |s| places(&reported(0, s), &Ledger::default(), 0);
        assert_eq!((quiet(0), quiet(29), quiet(30)), (Some(0), Some(0), Some(1)));
        let probed = Step { at: at(30), invited: 1, number: 1, ..Step::default() };
        let ledger = Ledger { steps: vec![probed], ..Ledger::default() };
        let after = |s| places(&reported(0, s), &ledger, 0);
        assert_eq!((after(31), after(58), after(60)), (Some(0), Some(0), Some(1)));
        let hours_later = GateReading { now: at(7_212), ..reported(0, 0) };
        let probed = Step { at: at(7_200), ..probed };
        let ledger = Ledger { steps: vec![probed], ..Ledger::default() };
        assert_eq!(places(&hours_later, &ledger, 0), Some(1), "probes become more frequent");
    }

    #[test]
    fn a_report_from_the_future_is_not_fresh_for_an_hour() {
        let stepped_back = GateReading { report: Some(report(3_600, 0)), ..READING };
        assert_eq!(places(&stepped_back, &Ledger::default(), 0), Some(1));
    }
}
