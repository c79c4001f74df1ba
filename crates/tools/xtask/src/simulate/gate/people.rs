//! The people of a simulation: who comes, how soon, and how long they stay.

use super::dice::Dice;

/// How the people of one run behave.
#[derive(Clone, Copy, Debug)]
pub struct People {
    /// The part of the called who never come.
    pub no_shows: f64,
    /// The part of those who come who have put their phone away, and come late.
    pub late: f64,
    /// How long those take on average, in seconds.
    pub late_s: f64,
    /// Everybody else asks again after a time between these, in seconds.
    pub poll_s: (f64, f64),
    /// How long people stay on average, in seconds.
    pub visit_s: f64,
    /// How long a pass is valid, in seconds.
    pub pass_ttl_s: f64,
}

/// The standard deviation of the logarithm of a visit: one in six takes twice the median or longer.
const VISIT_SPREAD: f64 = 0.7;
/// Whoever is told to wait tries again after a time between these, in seconds.
const RETRY_S: (f64, f64) = (2.0, 4.0);

impl People {
    /// After how many milliseconds somebody who is called now wants their pass; `None` for never.
    pub fn comes_after_ms(&self, dice: &mut Dice) -> Option<i64> {
        if dice.happens(self.no_shows) {
            return None;
        }
        let poll_s = dice.between(self.poll_s.0, self.poll_s.1);
        let late_s = if dice.happens(self.late) { dice.exponential(self.late_s) } else { 0.0 };
        Some(to_ms(poll_s + late_s))
    }

    /// How many milliseconds somebody stays.
    pub fn visit_ms(&self, dice: &mut Dice) -> i64 {
        to_ms(dice.log_normal(self.visit_s, VISIT_SPREAD).min(self.pass_ttl_s))
    }

    /// After how many milliseconds somebody tries again who was told to wait.
    pub fn retry_ms(dice: &mut Dice) -> i64 {
        to_ms(dice.between(RETRY_S.0, RETRY_S.1))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "spans are hours at most")]
fn to_ms(seconds: f64) -> i64 {
    (seconds * 1_000.0) as i64
}
