//! How far above the usual a key is.

mod address;
mod counts;

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use kernel::Entropy;

use super::{LimitClock, LimitParts, Told, policy};
use crate::problem::{Code, Problem};
use counts::Counts;

pub use address::AddressPressure;

/// What a key may do before it is under pressure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// Requests at once; 0 for any number, so that there is never any pressure.
    pub requests: u32,
    /// The time in which half of what came is forgotten.
    pub half_life: Duration,
    /// The highest pressure, which is kept however many come.
    pub pressure_max: u8,
}

/// How far above the usual the keys of one kind are: 0 within it, 1 up to twice as much, 2 up to four times,
/// and so on. In each half-life without requests it falls by one.
///
/// A token bucket would forget a flood as slowly as it lets requests through; this forgets by halves. What
/// is kept of a key is the logarithm of its count, as the time at which nothing is left of it, in a bounded
/// table: when it is full those go that are far from any pressure, and keys for which there is no room even
/// then are under none. So a rush of people who come once each puts nobody under pressure.
pub struct Pressure(Option<Gauge>);

struct Gauge {
    name: &'static str,
    usual: Usual,
    /// The count at which the pressure is highest, as a power of two.
    power_max: f64,
    counts: Counts,
    fingerprints: RandomState,
    clock: LimitClock,
    entropy: Arc<dyn Entropy>,
}

impl Pressure {
    /// No pressure yet on any key. What is usual is called `name` in `RateLimit-Policy`.
    #[must_use]
    pub fn new(name: &'static str, usual: Usual, parts: &LimitParts) -> Self {
        if usual.requests == 0 {
            return Self::off();
        }
        Self(Some(Gauge {
            name,
            usual,
            power_max: power_of(usual.requests) + f64::from(usual.pressure_max),
            counts: Counts::new(parts.keys_max),
            fingerprints: RandomState::new(),
            clock: parts.clock.clone(),
            entropy: Arc::clone(&parts.entropy),
        }))
    }

    /// Never any pressure.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// The pressure under which the next request of `key` is, where no more than `at_most` are usual. Counts
    /// nothing.
    pub fn of(&self, key: &impl Hash, at_most: u32) -> u8 {
        self.0.as_ref().map_or(0, |gauge| gauge.pressure(gauge.power(key), gauge.free(at_most)))
    }

    /// How long it takes until `key` is under no pressure, if nothing more of it comes.
    pub fn relief(&self, key: &impl Hash, at_most: u32) -> Duration {
        let relief = |gauge: &Gauge| gauge.relief(gauge.power(key), gauge.free(at_most));
        self.0.as_ref().map_or(Duration::ZERO, relief)
    }

    /// The refusal of a request that is asked for more: with the time until it is not any longer.
    pub fn refusal(&self, code: Code, key: &impl Hash, at_most: u32) -> Problem {
        let Some(gauge) = &self.0 else { return Problem::new(code) };
        let free = gauge.free(at_most);
        let policy = policy(gauge.name, free, gauge.usual.half_life.mul_f64(power_of(free)));
        let usual = Told { name: gauge.name, policy: &policy };
        usual.refusal(code, self.relief(key, at_most), &*gauge.entropy)
    }

    /// Counts one request of `key`. Only a keyed fingerprint of it is kept.
    pub fn count(&self, key: &impl Hash) {
        if let Some(gauge) = &self.0 {
            gauge.count(key);
        }
    }
}

impl Gauge {
    /// The binary logarithm of the count of `key` and one.
    fn power(&self, key: &impl Hash) -> f64 {
        let forgotten_at = self.counts.of(self.fingerprints.hash_one(key));
        self.left(forgotten_at.unwrap_or_default(), self.clock.now().into())
    }

    fn count(&self, key: &impl Hash) {
        let now: Duration = self.clock.now().into();
        // Half of what is free is far from any pressure.
        let is_little = |at: Duration| self.left(at, now) < power_of(self.usual.requests / 2);
        self.counts.change(self.fingerprints.hash_one(key), now, is_little, |at| {
            let power = (self.left(at, now).exp2() + 1.0).log2().min(self.power_max);
            now + self.usual.half_life.mul_f64(power)
        });
    }

    fn left(&self, forgotten_at: Duration, now: Duration) -> f64 {
        forgotten_at.saturating_sub(now).div_duration_f64(self.usual.half_life)
    }

    fn free(&self, at_most: u32) -> u32 {
        self.usual.requests.min(at_most).max(1)
    }

    fn pressure(&self, power: f64, free: u32) -> u8 {
        let next = (power.exp2() + 1.0).log2();
        let above = next - power_of(free);
        let steps = (1..=self.usual.pressure_max).rev();
        steps.into_iter().find(|step| above > f64::from(step - 1) + EXACT).unwrap_or(0)
    }

    fn relief(&self, power: f64, free: u32) -> Duration {
        // The next one is free when what is left is one less.
        self.usual.half_life.mul_f64((power - f64::from(free).log2()).max(0.0))
    }
}

/// Less than one request among millions, and more than sums of floating-point numbers are off by.
const EXACT: f64 = 1e-7;

fn power_of(requests: u32) -> f64 {
    (f64::from(requests) + 1.0).log2()
}

#[cfg(test)]
mod tests;
