//! How long somebody who waits will wait, and whether there will be a place for them.
//!
//! Built on what was measured: how many were called lately, how many people leave, how many of the
//! called come. Where nothing moves there is no number, and what makes it longer is named.

use std::time::Duration;

use kernel::Timestamp;

use super::forecast::Forecast;
use super::number::{nearest, real, rounded, whole};
use super::{GateLevers, GateReading, GateRules, Ledger, allowance, places, show_rate};
use crate::lane::{Lane, PerLane};

/// How far back calls are measured.
const MEASURED: Duration = Duration::from_mins(3);
/// Within this time after its first calls a room fills up, which tells nothing of later …
const FILLS_UP: Duration = Duration::from_mins(1);
/// … and so much must follow before a rate can be told.
const MEASURED_MIN: Duration = Duration::from_secs(30);
/// Where nobody was called for this long, nothing moves.
const STALLED: Duration = Duration::from_mins(2);
/// Of an older report nobody can say how many places are left.
const REPORT_MAX: Duration = Duration::from_mins(1);
/// What was measured may go this much better, or worse.
const BETTER: f64 = 1.25;
const WORSE: f64 = 0.75;

/// An estimated waiting time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// If it goes well, in seconds.
    pub low_s: u64,
    /// If it goes slowly, in seconds.
    pub high_s: u64,
}

/// What makes a wait longer, or its end unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slowed {
    /// The operator has paused the room.
    Paused,
    /// The booking API is loaded, and fewer people are let in.
    BookingSlow,
    /// The places left will be gone before.
    PlacesShort,
}

/// How likely it is that a place is left when somebody's turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odds {
    /// There are clearly more places than people before.
    Likely,
    /// It depends on how many come, and on how many places each of them takes.
    Possible,
    /// Only if more people than usual change their mind, or places come back.
    Unlikely,
}

/// What somebody who waits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Until it is their turn or the places are gone, whichever is earlier. `None` while nothing
    /// moves.
    pub wait: Option<Wait>,
    /// What makes it longer than it would have to be.
    pub slowed: Option<Slowed>,
    /// `None` while nobody knows how many places are left.
    pub odds: Option<Odds>,
}

/// What estimates are made from: the same for everybody who waits, so one for each reading. It is published, and
/// whoever computes with what is published comes to the same: nothing has more than six digits.
#[derive(Clone, Copy, Debug)]
pub struct Outlook {
    /// How fast calls come; `None` while nothing moves.
    pub rate: Option<Rate>,
    /// What makes it longer for everybody.
    pub slowed: Option<Slowed>,
    /// The places; `None` while nobody knows how many are left.
    pub supply: Option<Supply>,
    /// The part of all calls that each lane gets.
    pub part: PerLane<f64>,
    /// The part of the called who come.
    pub comes: f64,
}

/// Calls per second.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// If it goes well.
    pub fast: f64,
    /// If it goes slowly.
    pub slow: f64,
}

/// The places left, and those who are before everybody who waits.
#[derive(Clone, Copy, Debug)]
pub struct Supply {
    /// The places left.
    pub places_left: f64,
    /// People who may be let in for them.
    pub wanted: f64,
    /// Who is there and holds nothing yet, and who was called and still comes.
    pub before: f64,
    /// Places that each pass takes at present.
    pub per_pass: f64,
}

/// Calls per minute over the last three, without the first minute in which a room fills up. `None` if
/// nobody was called for two minutes, or for too short a time to tell.
#[must_use]
pub fn measured_calls_per_minute(ledger: &Ledger, now: Timestamp) -> Option<u64> {
    calls_per_s(ledger, now).map(|rate| nearest(rate * 60.0).max(1))
}

fn calls_per_s(ledger: &Ledger, now: Timestamp) -> Option<f64> {
    let calls = || ledger.steps.iter().filter(|step| step.invited > 0);
    let from = calls().next()?.at.plus(FILLS_UP).max(now.minus(MEASURED));
    let is_stalled = now.since(calls().next_back()?.at) > STALLED;
    let measured = now.since(from);
    let called = calls()
        .filter(|step| step.at >= from)
        .fold(0_u64, |sum, step| sum.saturating_add(step.invited));
    let can_tell = !is_stalled && measured >= MEASURED_MIN && called > 0;
    can_tell.then(|| real(called) / measured.as_secs_f64())
}

/// Calls per minute as far as they can be foreseen: those measured; as long as it is too early to measure
/// after an opening or the last call, those that the pace allows. `None` if nothing moves.
#[must_use]
pub fn calls_per_minute(
    levers: &GateLevers,
    reading: &GateReading<'_>,
    ledger: &Ledger,
) -> Option<u64> {
    measured_calls_per_minute(ledger, reading.now).or_else(|| {
        let last_call = ledger.steps.iter().rev().find(|step| step.invited > 0).map(|step| step.at);
        let moved_at = last_call.max(reading.last_opening)?;
        let may_move = !levers.paused && reading.now.since(moved_at) <= STALLED;
        may_move.then(|| levers.pace_per_minute.max(1).into())
    })
}

impl Outlook {
    /// What can be said after this reading. O(steps of the ledger).
    #[must_use]
    pub fn new(
        rules: &GateRules,
        levers: &GateLevers,
        reading: &GateReading<'_>,
        ledger: &Ledger,
    ) -> Self {
        let expected_for_s = rules.expected_for_s();
        let outstanding = ledger.outstanding(reading.came, expected_for_s, reading.now);
        let table = ledger.show_rate.table(expected_for_s);
        let forecast = Forecast::new(&table, &outstanding, show_rate::unit_ms(expected_for_s));
        let comes = rounded(forecast.newcomer_comes.max(0.05));

        let allowance = allowance::current(rules, levers, ledger);
        let slowed = if levers.paused {
            Some(Slowed::Paused)
        } else {
            (allowance < levers.max_active).then_some(Slowed::BookingSlow)
        };
        let rate = if levers.paused || !reading.open {
            None
        } else {
            rate(rules, levers, reading, ledger, comes)
        };
        let waits = |lane| reading.places[lane] > reading.called[lane];
        let weight = |lane| if waits(lane) { f64::from(levers.shares[lane].max(1)) } else { 0.0 };
        let total: f64 = Lane::ALL.into_iter().map(weight).sum();
        let part = |lane| if waits(lane) { rounded(weight(lane) / total) } else { 1.0 };
        Self {
            rate: rate.map(|Rate { fast, slow }| Rate { fast: rounded(fast), slow: rounded(slow) }),
            slowed,
            supply: supply(rules, reading, &forecast),
            part: PerLane::from_fn(part),
            comes,
        }
    }

    /// What somebody is told who has `ahead` people before them in their lane.
    #[must_use]
    pub fn estimate(&self, lane: Lane, ahead: u64) -> Estimate {
        let calls = (real(ahead) + 1.0) / self.part[lane];
        let reach = self.supply.map(|supply| (supply.wanted - supply.before).max(0.0) / self.comes);
        let is_short = reach.is_some_and(|reach| reach < calls);
        let until_decided = reach.map_or(calls, |reach| calls.min(reach));
        let wait = self.rate.filter(|_| until_decided >= 1.0).map(|rate| Wait {
            low_s: whole(until_decided / rate.fast),
            high_s: whole(until_decided / rate.slow).saturating_add(1),
        });
        let short = is_short.then_some(Slowed::PlacesShort);
        let odds = self.supply.map(|supply| supply.odds((calls - 1.0) * self.comes));
        Estimate { wait, slowed: self.slowed.or(short), odds }
    }
}

impl Supply {
    fn odds(&self, come_before: f64) -> Odds {
        let before = self.before + come_before;
        if (before + 1.0) * self.per_pass <= self.places_left * 0.9 {
            Odds::Likely
        } else if before + 1.0 <= self.wanted {
            Odds::Possible
        } else {
            Odds::Unlikely
        }
    }
}

/// The measured rate of calls. While a room fills up, between its pace and what must be if everybody
/// keeps their pass to its end. Where departures say something else than calls, both are possible.
fn rate(
    rules: &GateRules,
    levers: &GateLevers,
    reading: &GateReading<'_>,
    ledger: &Ledger,
    comes: f64,
) -> Option<Rate> {
    let newest = ledger.steps.iter().rev().find(|step| step.invited > 0)?;
    if reading.now.since(newest.at) > STALLED {
        return None;
    }
    let allowance = f64::from(allowance::current(rules, levers, ledger));
    let Some(calls) = calls_per_s(ledger, reading.now) else {
        let fast = f64::from(levers.pace_per_minute.max(1)) / 60.0;
        let slow = allowance.max(1.0) / f64::from(rules.pass_ttl_s.max(1));
        return Some(Rate { fast, slow: slow.min(fast) });
    };
    let leaving = ledger.turnover.leaving_per_ms(reading.active) * 1_000.0 / comes;
    let leaving = if leaving > 0.0 { leaving } else { calls };
    Some(Rate {
        fast: calls.max(leaving.min(calls * 2.0)) * BETTER,
        slow: calls.min(leaving.max(calls / 2.0)) * WORSE,
    })
}

fn supply(rules: &GateRules, reading: &GateReading<'_>, forecast: &Forecast) -> Option<Supply> {
    let report = places::known(reading)
        .filter(|report| allowance::age(report, reading.now) <= REPORT_MAX)?;
    let undecided = u64::from(reading.active_fresh).saturating_sub(report.held_passes);
    let per_pass = real(report.held_seats) / real(report.held_passes.max(1));
    let places_left = real(report.places_left);
    Some(Supply {
        places_left,
        wanted: places_left * f64::from(rules.places_factor_percent.max(1)) / 100.0,
        before: rounded(real(undecided) + forecast.still_come),
        per_pass: rounded(per_pass.max(1.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::{LEVERS, READING, RULES, at, report};
    use crate::gate::{Report, Step};

    /// A ledger with `invited` calls every ten seconds up to second `until`, of whom all came.
    fn steady(invited: u64, until: u64) -> Ledger {
        let step = |number| Step { number, at: at(number * 10), invited, ..Step::default() };
        let steps = (until.saturating_sub(590).div_ceil(10)..=until / 10).map(step).collect();
        Ledger { steps, ..Ledger::default() }
    }

    fn came(ledger: &Ledger) -> std::collections::BTreeMap<u64, u64> {
        ledger.steps.iter().map(|step| (step.number, step.invited)).collect()
    }

    fn told(levers: &GateLevers, report: Option<Report>, now_s: u64, ahead: u64) -> Estimate {
        let ledger = steady(10, 600);
        let came = came(&ledger);
        let places = PerLane::public(1_000_000);
        let reading = GateReading { now: at(now_s), came: &came, places, report, ..READING };
        Outlook::new(&RULES, levers, &reading, &ledger).estimate(Lane::Public, ahead)
    }

    #[test]
    fn calls_are_measured_without_the_first_minute() {
        let mut ledger = steady(10, 100);
        ledger.steps[0].invited = 200;
        assert_eq!(measured_calls_per_minute(&ledger, at(60)), None, "too early to tell");
        assert_eq!(measured_calls_per_minute(&ledger, at(110)), Some(60));
    }

    #[test]
    fn where_nothing_moves_there_is_no_number() {
        let ledger = steady(10, 600);
        assert_eq!(measured_calls_per_minute(&ledger, at(610)), Some(60));
        assert_eq!(measured_calls_per_minute(&ledger, at(721)), None);
        assert_eq!(measured_calls_per_minute(&Ledger::default(), at(0)), None);
        assert_eq!(told(&LEVERS, None, 721, 60).wait, None);
    }

    #[test]
    fn right_after_an_opening_the_pace_is_what_can_be_foreseen() {
        let foreseen = |levers: &GateLevers, ledger: &Ledger, opened_s: Option<u64>, now_s| {
            let last_opening = opened_s.map(at);
            let reading = GateReading { now: at(now_s), last_opening, ..READING };
            calls_per_minute(levers, &reading, ledger)
        };
        let pace = Some(u64::from(LEVERS.pace_per_minute));
        let (none, fills_up) = (Ledger::default(), steady(10, 20));
        assert_eq!(foreseen(&LEVERS, &none, None, 0), None);
        assert_eq!(foreseen(&LEVERS, &none, Some(0), 0), pace);
        assert_eq!(foreseen(&LEVERS, &none, Some(0), 121), None, "the opening moved nothing");
        assert_eq!(foreseen(&LEVERS, &fills_up, Some(0), 30), pace);
        assert_eq!(foreseen(&LEVERS, &steady(10, 600), Some(0), 610), Some(60), "measured");
        let paused = GateLevers { paused: true, ..LEVERS };
        assert_eq!(foreseen(&paused, &fills_up, Some(0), 30), None);
    }

    #[test]
    fn the_wait_follows_from_the_measured_calls() {
        let Estimate { wait: Some(wait), slowed: None, odds: None } = told(&LEVERS, None, 609, 119)
        else {
            panic!("a wait and nothing else");
        };
        assert!((80..120).contains(&wait.low_s) && (120..180).contains(&wait.high_s), "{wait:?}");
    }

    #[test]
    fn a_room_that_fills_up_promises_no_more_than_its_passes_allow() {
        let ledger = steady(100, 10);
        let came = came(&ledger);
        let places = PerLane::public(10_000);
        let reading = GateReading { now: at(15), came: &came, places, ..READING };
        let levers = GateLevers { pace_per_minute: 600, ..LEVERS };
        let outlook = Outlook::new(&RULES, &levers, &reading, &ledger);
        let wait = outlook.estimate(Lane::Public, 599).wait.expect("it moves");
        assert_eq!(wait, Wait { low_s: 60, high_s: 2_701 });
    }

    #[test]
    fn what_makes_it_longer_is_named() {
        let paused = told(&GateLevers { paused: true, ..LEVERS }, None, 600, 60);
        assert_eq!((paused.wait, paused.slowed), (None, Some(Slowed::Paused)));
        let ledger = Ledger { allowance: Some(100), ..steady(10, 600) };
        let came = came(&ledger);
        let reading = GateReading { now: at(600), came: &came, ..READING };
        let loaded = Outlook::new(&RULES, &LEVERS, &reading, &ledger).estimate(Lane::Public, 60);
        assert!(loaded.wait.is_some());
        assert_eq!(loaded.slowed, Some(Slowed::BookingSlow));
    }

    #[test]
    fn places_left_cap_the_wait_and_give_the_odds() {
        let odds = |places, ahead| told(&LEVERS, Some(report(600, places)), 600, ahead);
        assert_eq!(odds(1_000, 300).odds, Some(Odds::Likely));
        assert_eq!(odds(1_000, 300).slowed, None);
        assert_eq!(odds(1_000, 1_200).odds, Some(Odds::Possible));
        let far_behind = odds(1_000, 100_000);
        assert_eq!(far_behind.odds, Some(Odds::Unlikely));
        assert_eq!(far_behind.slowed, Some(Slowed::PlacesShort));
        assert!(far_behind.wait.is_some_and(|wait| wait.high_s < 3_600), "{far_behind:?}");
        let sold_out = odds(0, 0);
        assert_eq!((sold_out.wait, sold_out.odds), (None, Some(Odds::Unlikely)));
    }

    #[test]
    fn families_take_places_faster() {
        let families = Report { held_passes: 50, held_seats: 200, ..report(600, 1_000) };
        assert_eq!(told(&LEVERS, Some(families), 600, 300).odds, Some(Odds::Possible));
    }

    #[test]
    fn an_old_report_gives_no_odds() {
        assert_eq!(told(&LEVERS, Some(report(500, 0)), 600, 60).odds, None);
    }

    #[test]
    fn a_lane_waits_for_its_share() {
        let ledger = steady(10, 600);
        let came = came(&ledger);
        let levers = GateLevers { shares: PerLane([75, 25, 0]), ..LEVERS };
        let reading = GateReading {
            now: at(600),
            came: &came,
            places: PerLane([1_000, 1_000, 0]),
            ..READING
        };
        let outlook = Outlook::new(&RULES, &levers, &reading, &ledger);
        let low_s = |lane| outlook.estimate(lane, 99).wait.map_or(0, |wait| wait.low_s);
        let (public, hotline) = (low_s(Lane::Public), low_s(Lane::Hotline));
        assert!((public * 28 / 10..=public * 32 / 10).contains(&hotline), "{public} {hotline}");
    }
}
