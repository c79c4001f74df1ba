//! The gate's notes: when how many were called, who of them came, and what was learnt from it.

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::number::real_ms;
use super::show_rate::{ShowRate, UNITS, ages_passed, unit_ms};
use super::turnover::Turnover;
use crate::lane::{Lane, PerLane};

/// No ledger holds more steps: one for each unit of the claim window, and one that is under way.
pub const STEPS_MAX: usize = UNITS as usize + 2;

/// The gate's notes. One instance at a time replaces them, by comparing [`Self::version`].
///
/// At most [`STEPS_MAX`] steps, about 6 KB of JSON. Fields that are missing have their default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// Grows by one with each replacement.
    pub version: u64,
    /// The pace of calls, in microseconds since the Unix epoch; see [`crate::pace::Pace`].
    pub call_tat_us: i64,
    /// The number of the newest step there ever was; 0 before the first.
    pub last_step: u64,
    /// How far was called, as far as the gate knows of it.
    pub called: PerLane<u64>,
    /// Everybody below these places was called before the oldest step.
    pub claim_from: PerLane<u64>,
    /// The calls of the claim window, oldest first.
    pub steps: Vec<Step>,
    /// What rounding left to each lane, in thousandths of a person.
    pub credit_milli: PerLane<i64>,
    /// How likely the called come.
    pub show_rate: ShowRate,
    /// How fast people leave.
    pub turnover: Turnover,
    /// How many passes may live, where the load of the booking API made it fewer than `max_active`.
    pub allowance: Option<u32>,
    /// When the load was last looked at: the time of counting of a report, or later where none came.
    pub load_seen_at: Option<Timestamp>,
}

/// Everybody who was called within one unit of the claim window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Its number, by which a store counts who came. Numbers begin at 1.
    pub number: u64,
    /// When its first people were called.
    pub at: Timestamp,
    /// Everybody below these places had been called at its end.
    pub called: PerLane<u64>,
    /// How many the gate called, and expects. Fewer than [`Self::called`] rose by, where people were
    /// admitted on arrival or another memory knew of calls: those have come, or nobody can tell.
    pub invited: u64,
    /// How many of them had come when they reached the age that they are in.
    pub came: u64,
    /// How many had come when departures were last counted.
    pub came_counted: u64,
    /// How many ages the show rate has learnt of.
    pub ages: u8,
}

/// People who were called and have not come, all at the same time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outstanding {
    /// How many.
    pub people: u64,
    /// How long ago they were called, in units of the claim window.
    pub age: f64,
}

impl Ledger {
    /// The number of the step in which `place` was called, with which a redemption of the place is
    /// counted. `None` if that was before the claim window. O(log steps).
    #[must_use]
    pub fn step_of(&self, lane: Lane, place: u64) -> Option<u64> {
        self.step(lane, place).map(|step| step.number)
    }

    /// When `place` was called, or up to a sixtieth of the claim window earlier. `None` if that was before
    /// the claim window. O(log steps).
    #[must_use]
    pub fn called_at(&self, lane: Lane, place: u64) -> Option<Timestamp> {
        self.step(lane, place).map(|step| step.at)
    }

    fn step(&self, lane: Lane, place: u64) -> Option<&Step> {
        if place < self.claim_from[lane] {
            return None;
        }
        self.steps.get(self.steps.partition_point(|step| step.called[lane] <= place))
    }

    /// The oldest step that still matters: a store may forget who came in earlier ones.
    #[must_use]
    pub fn oldest_step(&self) -> u64 {
        self.steps.first().map_or(self.last_step.saturating_add(1), |step| step.number)
    }

    /// Makes notes plausible that a clock step, a loss or an older version left behind: none is later
    /// than now. Sound notes stay as they are.
    pub(super) fn mend(&mut self, now: Timestamp) {
        for step in &mut self.steps {
            step.at = step.at.min(now);
        }
        self.show_rate.as_of = self.show_rate.as_of.min(now);
        self.turnover.as_of = self.turnover.as_of.min(now);
        self.load_seen_at = self.load_seen_at.map(|seen_at| seen_at.min(now));
        for credit in &mut self.credit_milli.0 {
            *credit = (*credit).clamp(-1_000, 1_000);
        }
    }

    /// Nobody is expected any more whose claim window is over.
    pub(super) fn forget_old_steps(&mut self, claim_window_s: u32, now: Timestamp) {
        let window_ms = i64::from(claim_window_s) * 1_000;
        let is_over = |step: &Step| now.unix_ms().saturating_sub(step.at.unix_ms()) >= window_ms;
        let over = self.steps.iter().take_while(|step| is_over(step)).count();
        let excess = self.steps.len().saturating_sub(STEPS_MAX);
        for step in self.steps.drain(..over.max(excess)) {
            self.claim_from = self.claim_from.at_least(step.called);
        }
        self.steps.retain(|step| !is_over(step));
    }

    /// Takes over how far was called, and tells by how many places that is more than was noted.
    /// Nobody is expected to come for them.
    pub(super) fn follow(
        &mut self,
        called: PerLane<u64>,
        came: &BTreeMap<u64, u64>,
        claim_window_s: u32,
        now: Timestamp,
    ) -> u64 {
        if self.called == called {
            return 0;
        }
        let known = std::mem::replace(&mut self.called, called);
        self.steps.retain(|step| Lane::ALL.iter().all(|&lane| step.called[lane] <= called[lane]));
        let more = PerLane::from_fn(|lane| called[lane].saturating_sub(known[lane])).total();
        if self.steps.is_empty() {
            self.claim_from = called;
        } else if more > 0 {
            self.open_step(came, claim_window_s, now).called = called;
        }
        more
    }

    /// Notes that the gate calls `count` more, up to `called`.
    pub(super) fn call(
        &mut self,
        called: PerLane<u64>,
        count: u64,
        came: &BTreeMap<u64, u64>,
        claim_window_s: u32,
        now: Timestamp,
    ) {
        self.called = called;
        let step = self.open_step(came, claim_window_s, now);
        step.called = called;
        step.invited = step.invited.saturating_add(count);
    }

    fn open_step(
        &mut self,
        came: &BTreeMap<u64, u64>,
        claim_window_s: u32,
        now: Timestamp,
    ) -> &mut Step {
        let is_open = self.steps.last().is_some_and(|last| {
            now.unix_ms().saturating_sub(last.at.unix_ms()) < unit_ms(claim_window_s)
        });
        if !is_open {
            // A store that kept its counts while the ledger was lost must not count for a new step.
            let counted = came.keys().next_back().copied().unwrap_or(0);
            self.last_step = self.last_step.max(counted).saturating_add(1);
            self.steps.push(Step { number: self.last_step, at: now, ..Step::default() });
        }
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// Learns from everybody who has passed another age since the last time.
    pub(super) fn learn(&mut self, came: &BTreeMap<u64, u64>, claim_window_s: u32, now: Timestamp) {
        let unit_ms = unit_ms(claim_window_s);
        let passed: Vec<usize> =
            self.steps.iter().map(|step| ages_passed(step.age(unit_ms, now))).collect();
        if passed.iter().zip(&self.steps).all(|(&passed, step)| passed <= usize::from(step.ages)) {
            return;
        }
        self.show_rate.fade(claim_window_s, now);
        for (step, passed) in self.steps.iter_mut().zip(passed) {
            for age in usize::from(step.ages)..passed {
                let waited_for = step.invited.saturating_sub(step.came);
                let total = came.get(&step.number).copied().unwrap_or(0).min(step.invited);
                self.show_rate.observe(age, waited_for, total.saturating_sub(step.came));
                step.came = step.came.max(total);
            }
            step.ages = step.ages.max(u8::try_from(passed).unwrap_or(u8::MAX));
        }
    }

    /// Who was called and has not come.
    pub(super) fn outstanding(
        &self,
        came: &BTreeMap<u64, u64>,
        claim_window_s: u32,
        now: Timestamp,
    ) -> Vec<Outstanding> {
        let unit_ms = unit_ms(claim_window_s);
        let of_step = |step: &Step| {
            let came = came.get(&step.number).copied().unwrap_or(0);
            Outstanding { people: step.invited.saturating_sub(came), age: step.age(unit_ms, now) }
        };
        self.steps.iter().map(of_step).filter(|outstanding| outstanding.people > 0).collect()
    }
}

impl Step {
    /// How long ago its first people were called, in units of the claim window.
    fn age(&self, unit_ms: i64, now: Timestamp) -> f64 {
        real_ms(now.unix_ms().saturating_sub(self.at.unix_ms()).max(0)) / real_ms(unit_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::at;

    const WINDOW_S: u32 = 600;

    fn nobody() -> BTreeMap<u64, u64> {
        BTreeMap::new()
    }

    /// 100 called at second 0, 50 more at second 20.
    fn two_steps() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.call(PerLane::public(100), 100, &nobody(), WINDOW_S, at(0));
        ledger.call(PerLane::public(150), 50, &nobody(), WINDOW_S, at(20));
        ledger
    }

    #[test]
    fn a_place_belongs_to_the_step_in_which_it_was_called() {
        let mut ledger = two_steps();
        let step_of = |ledger: &Ledger, place| ledger.step_of(Lane::Public, place);
        assert_eq!(
            [0, 99, 100, 149, 150].map(|place| step_of(&ledger, place)),
            [Some(1), Some(1), Some(2), Some(2), None]
        );
        ledger.forget_old_steps(WINDOW_S, at(610));
        assert_eq!([99, 100].map(|place| step_of(&ledger, place)), [None, Some(2)]);
        assert_eq!(ledger.oldest_step(), 2);
        ledger.forget_old_steps(WINDOW_S, at(620));
        assert_eq!((step_of(&ledger, 100), ledger.oldest_step()), (None, 3));
    }

    #[test]
    fn calls_close_together_share_a_step() {
        let mut ledger = two_steps();
        ledger.call(PerLane::public(160), 10, &nobody(), WINDOW_S, at(29));
        assert_eq!((ledger.steps.len(), ledger.steps[1].invited), (2, 60));
        ledger.call(PerLane::public(161), 1, &nobody(), WINDOW_S, at(30));
        assert_eq!((ledger.steps.len(), ledger.steps[2].number), (3, 3));
    }

    #[test]
    fn what_others_called_is_noted_and_nobody_expected() {
        let mut ledger = two_steps();
        assert_eq!(ledger.follow(PerLane::public(1_350), &nobody(), WINDOW_S, at(40)), 1_200);
        let step = ledger.steps[2];
        assert_eq!((step.called, step.invited), (PerLane::public(1_350), 0));
        assert_eq!(ledger.follow(PerLane::public(1_350), &nobody(), WINDOW_S, at(41)), 0);
        let mut empty = Ledger::default();
        assert_eq!(empty.follow(PerLane::public(1_200), &nobody(), WINDOW_S, at(0)), 1_200);
        assert!(empty.steps.is_empty() && empty.step_of(Lane::Public, 5).is_none());
    }

    #[test]
    fn a_store_that_called_less_than_was_noted_is_believed() {
        let mut ledger = two_steps();
        assert_eq!(ledger.follow(PerLane::public(120), &nobody(), WINDOW_S, at(40)), 0);
        assert_eq!((ledger.steps.len(), ledger.called), (1, PerLane::public(120)));
    }

    #[test]
    fn counts_of_a_lost_ledger_are_not_taken_for_those_of_a_new_step() {
        let mut ledger = Ledger::default();
        let came = BTreeMap::from([(7, 40)]);
        ledger.call(PerLane::public(10), 10, &came, WINDOW_S, at(0));
        assert_eq!(ledger.steps[0].number, 8);
    }

    #[test]
    fn each_age_is_learnt_once() {
        let mut ledger = two_steps();
        let came = BTreeMap::from([(1, 30), (2, 0)]);
        ledger.learn(&came, WINDOW_S, at(9));
        assert!(ledger.show_rate.ages.is_empty(), "the first age is not over");
        for _ in 0..2 {
            ledger.learn(&came, WINDOW_S, at(10));
        }
        let learnt = |ledger: &Ledger, age: usize| {
            let age = ledger.show_rate.ages[age];
            (age.waited_for_milli, age.came_milli)
        };
        assert_eq!(learnt(&ledger, 0), (100_000, 30_000));
        ledger.learn(&BTreeMap::from([(1, 35)]), WINDOW_S, at(20));
        assert_eq!(learnt(&ledger, 1), (70_000, 5_000));
    }

    #[test]
    fn nobody_was_called_in_the_future() {
        let mut ledger = two_steps();
        ledger.mend(at(10));
        assert_eq!([ledger.steps[0].at, ledger.steps[1].at], [at(0), at(10)]);
    }
}
