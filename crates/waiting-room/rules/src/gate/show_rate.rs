//! How likely somebody who was called still comes, measured.
//!
//! A life table (Kaplan and Meier, 1958): for each age since the call, how many had not come by then
//! and how many of those came before the next age. People whose claim window still runs count with
//! the ages they have passed, so the first minutes of a rush already teach. Old observations fade by
//! half with each claim window, and what few observations say is drawn towards the prior: everybody
//! comes, and soon.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::number::{nearest, real, real_ms};

/// The claim window in this many units of age; a step of the ledger is one unit wide.
pub(super) const UNITS: u32 = 60;

/// Where each age ends, in units. Most people come soon, so the young ages are the narrow ones.
const AGE_ENDS: [u32; 12] = [1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, UNITS];

/// Until observations say otherwise, everybody comes, at this rate within the first minute …
const PRIOR_SOON_PER_S: f64 = 0.06;
const PRIOR_SOON_S: f64 = 60.0;
/// … and whoever has not come by then comes at this one, or at that of the age before if it is lower:
/// the longer somebody has not come, the less likely they do.
const PRIOR_LATE_PER_S: f64 = 0.001;

/// The prior weighs as much as this many people.
const PRIOR_PEOPLE: f64 = 4.0;

/// Nobody is so sure to come within one age that the rest of the table could not be told apart.
const SURVIVAL_MIN: f64 = 1e-6;

/// What was observed, per age. People count in thousandths, since old observations fade.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShowRate {
    /// Up to when the observations have faded.
    pub as_of: Timestamp,
    /// One for each age, youngest first; those that are missing were never observed.
    pub ages: Vec<Age>,
}

/// What was observed of one age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Age {
    /// People who had not come when they reached the age, in thousandths.
    pub waited_for_milli: u64,
    /// Those of them who came before the next age, in thousandths.
    pub came_milli: u64,
}

/// How wide one unit of age is.
pub(super) fn unit_ms(claim_window_s: u32) -> i64 {
    (i64::from(claim_window_s) * 1_000 / i64::from(UNITS)).max(1)
}

/// How many ages somebody has passed who was called `units` ago.
pub(super) fn ages_passed(units: f64) -> usize {
    AGE_ENDS.partition_point(|end| f64::from(*end) <= units)
}

impl ShowRate {
    /// Adds that of `waited_for` people who reached the age number `age`, `came` came within it.
    pub(super) fn observe(&mut self, age: usize, waited_for: u64, came: u64) {
        if age >= AGE_ENDS.len() || waited_for == 0 {
            return;
        }
        self.ages.resize(AGE_ENDS.len(), Age::default());
        let age = &mut self.ages[age];
        age.waited_for_milli =
            age.waited_for_milli.saturating_add(waited_for.saturating_mul(1_000));
        age.came_milli = age.came_milli.saturating_add(came.saturating_mul(1_000));
    }

    /// Lets the observations fade until `now`. Worth a call only before something is added.
    pub(super) fn fade(&mut self, claim_window_s: u32, now: Timestamp) {
        let window_ms = f64::from(claim_window_s.max(1)) * 1_000.0;
        let elapsed_ms = real_ms(now.unix_ms().saturating_sub(self.as_of.unix_ms()).max(0));
        let kept = 0.5_f64.powf(elapsed_ms / window_ms);
        for age in &mut self.ages {
            age.waited_for_milli = nearest(real(age.waited_for_milli) * kept);
            age.came_milli = nearest(real(age.came_milli) * kept);
        }
        self.as_of = now;
    }

    /// The share of those called who come within the claim window.
    #[must_use]
    pub fn share(&self, claim_window_s: u32) -> f64 {
        self.table(claim_window_s).still_comes(0.0)
    }

    /// The chances that follow. O([`UNITS`]).
    pub(super) fn table(&self, claim_window_s: u32) -> LifeTable {
        let unit_s = real_ms(unit_ms(claim_window_s)) / 1_000.0;
        let mut not_yet = [1.0; UNITS as usize + 1];
        let (mut unit, mut late_per_s) = (0, PRIOR_LATE_PER_S);
        for (number, end) in AGE_ENDS.iter().enumerate() {
            let start_s = f64::from(unit) * unit_s;
            let width_s = f64::from(end - unit) * unit_s;
            let seen = self.ages.get(number).copied().unwrap_or_default();
            let per_s = rate_per_s(seen, start_s, width_s, late_per_s);
            late_per_s = late_per_s.min(per_s);
            while unit < *end {
                let before = not_yet[unit as usize];
                unit += 1;
                not_yet[unit as usize] = (before * (-per_s * unit_s).exp()).max(SURVIVAL_MIN);
            }
        }
        LifeTable { not_yet }
    }
}

/// The rate at which people come within an age that starts at `start_s` and is `width_s` wide.
fn rate_per_s(seen: Age, start_s: f64, width_s: f64, late_per_s: f64) -> f64 {
    let soon_s = (PRIOR_SOON_S - start_s).clamp(0.0, width_s);
    let prior_stays = (-PRIOR_SOON_PER_S * soon_s - late_per_s * (width_s - soon_s)).exp();
    let waited_for = real(seen.waited_for_milli) / 1_000.0;
    let came = (real(seen.came_milli) / 1_000.0).min(waited_for);
    let stays = (waited_for - came + PRIOR_PEOPLE * prior_stays) / (waited_for + PRIOR_PEOPLE);
    -stays.ln() / width_s
}

/// The chance not to have come yet, at each unit of age.
#[derive(Clone, Debug)]
pub(super) struct LifeTable {
    not_yet: [f64; UNITS as usize + 1],
}

impl LifeTable {
    /// The chance that somebody who has not come at age `from` comes before age `to`.
    pub(super) fn comes(&self, from: f64, to: f64) -> f64 {
        1.0 - self.not_yet_at(to) / self.not_yet_at(from)
    }

    /// The chance that somebody who has not come at age `from` comes within the claim window.
    pub(super) fn still_comes(&self, from: f64) -> f64 {
        self.comes(from, f64::from(UNITS))
    }

    fn not_yet_at(&self, age: f64) -> f64 {
        let last = self.not_yet.len() - 1;
        let unit = usize::try_from(super::number::whole(age)).unwrap_or(last);
        if unit >= last {
            return self.not_yet[last];
        }
        let part = age.max(0.0) - real(unit as u64);
        self.not_yet[unit] + (self.not_yet[unit + 1] - self.not_yet[unit]) * part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_S: u32 = 600;

    fn observed(passed: &[(usize, u64, u64)]) -> LifeTable {
        let mut rate = ShowRate::default();
        for &(age, waited_for, came) in passed {
            rate.observe(age, waited_for, came);
        }
        rate.table(WINDOW_S)
    }

    #[test]
    fn until_something_is_known_everybody_comes_and_soon() {
        let table = ShowRate::default().table(WINDOW_S);
        assert!(table.still_comes(0.0) > 0.95);
        assert!(table.comes(0.0, 6.0) > 0.9, "within a minute");
        let later = table.still_comes(12.0);
        assert!((0.1..0.6).contains(&later), "whoever let two minutes pass: {later}");
        assert!(table.still_comes(60.0).abs() < 1e-9, "after the window nobody is expected");
    }

    #[test]
    fn the_first_people_of_a_rush_already_teach() {
        let table = observed(&[(0, 200, 20), (1, 180, 25), (2, 155, 15), (3, 140, 0), (4, 140, 0)]);
        let show_rate = table.comes(0.0, 5.0);
        assert!((0.28..0.36).contains(&show_rate), "{show_rate}");
    }

    #[test]
    fn what_is_old_fades_by_half_with_each_claim_window() {
        let mut rate = ShowRate::default();
        rate.observe(0, 100, 40);
        rate.as_of = Timestamp::from_unix_s(1_000);
        rate.fade(WINDOW_S, Timestamp::from_unix_s(1_600));
        assert_eq!(rate.ages[0], Age { waited_for_milli: 50_000, came_milli: 20_000 });
        rate.fade(WINDOW_S, Timestamp::from_unix_s(1_000));
        assert_eq!(
            rate.ages[0].waited_for_milli, 50_000,
            "a clock that steps back brings none back"
        );
        rate.fade(WINDOW_S, Timestamp::from_unix_s(90_000));
        assert_eq!(rate.ages[0], Age::default());
    }

    #[test]
    fn chances_stay_chances_whatever_was_observed() {
        let table = observed(&[(0, u64::MAX, u64::MAX), (3, 1, 90), (11, u64::MAX, 0), (99, 1, 1)]);
        for from in 0..=UNITS {
            for to in from..=UNITS + 5 {
                let chance = table.comes(f64::from(from), f64::from(to));
                assert!((0.0..=1.0).contains(&chance), "{from} to {to}: {chance}");
            }
        }
    }
}
