//! Rate limits that a handler names explicitly, in memory and with bounded memory.
//!
//! A limit is a token bucket (the generic cell rate algorithm, by governor): a key may make `burst`
//! requests at once and `per_minute` in the long run. Each instance counts for itself, so behind a
//! proxy that spreads a client over several instances the client gets that many times as much.
//!
//! Whoever is refused gets the problem `rate-limited` with `Retry-After`, and with the fields
//! `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-10 writes them.
//!
//! A [`Pressure`] refuses nobody: it says how far above the usual a key is, for whoever asks more of those
//! that come often.

mod address;
mod buckets;
mod clock;
mod pressure;

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::{Quota, RateLimiter};
use kernel::Entropy;
use metrics::Counter;

use crate::problem::{self, Code, Problem};

use buckets::Buckets;

pub use address::AddressLimit;
pub use clock::LimitClock;
pub use pressure::{AddressPressure, Pressure, Usual};

/// The field that says what is left (draft-ietf-httpapi-ratelimit-headers-10, section 4).
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The field that says what is permitted (section 3 of the same draft).
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How much a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a minute in the long run; 0 turns the limit off.
    pub per_minute: u32,
    /// Requests at once, after a pause long enough; at least 1.
    pub burst: u32,
}

/// What the limits of a service have in common. Make it after the metrics recorder is installed.
#[derive(Clone)]
pub struct LimitParts {
    /// The most keys of one limit that are counted separately.
    pub keys_max: usize,
    /// What the limits go by.
    pub clock: LimitClock,
    /// For the jitter of `Retry-After`.
    pub entropy: Arc<dyn Entropy>,
}

/// One limit, for keys of any kind.
pub struct RateLimit(Option<Limiter>);

struct Limiter {
    name: &'static str,
    policy: HeaderValue,
    buckets: RateLimiter<u64, Buckets, LimitClock, NoOpMiddleware<Nanos>>,
    fingerprints: RandomState,
    clock: LimitClock,
    entropy: Arc<dyn Entropy>,
    refused: Counter,
}

impl RateLimit {
    /// A limit that is called `name` in `RateLimit-Policy` and in the metrics.
    #[must_use]
    pub fn new(name: &'static str, allowance: Allowance, parts: &LimitParts) -> Self {
        let Some(per_minute) = NonZeroU32::new(allowance.per_minute) else { return Self::off() };
        let burst = NonZeroU32::new(allowance.burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        let buckets = Buckets::new(parts.keys_max, quota.replenish_interval());
        Self(Some(Limiter {
            name,
            policy: policy(name, quota.burst_size().get(), quota.burst_size_replenished_in()),
            buckets: RateLimiter::new(quota, buckets, parts.clock.clone()),
            fingerprints: RandomState::new(),
            clock: parts.clock.clone(),
            entropy: Arc::clone(&parts.entropy),
            refused: metrics::counter!("rate_limited_total", "limit" => name),
        }))
    }

    /// No limit.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Counts one request of `key`, or refuses it with `rate-limited`; a refused one does not count.
    ///
    /// Only a keyed fingerprint of `key` is kept, never the key. Constant time, under a lock shared with
    /// 1/64 of the keys; now and then a new key sweeps that part of the table.
    pub fn check(&self, key: &impl Hash) -> Result<(), Problem> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        let fingerprint = limiter.fingerprints.hash_one(key);
        limiter
            .buckets
            .check_key(&fingerprint)
            .map_err(|until| limiter.refuse(until.wait_time_from(limiter.clock.now())))
    }

    /// Whether there is no limit.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.0.is_none()
    }

    /// How many keys are counted separately at the moment, those included that are as good as new.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.0.as_ref().map_or(0, |limiter| limiter.buckets.len())
    }
}

impl Limiter {
    fn refuse(&self, wait: Duration) -> Problem {
        self.refused.increment(1);
        let limit = Told { name: self.name, policy: &self.policy };
        limit.refusal(Code::RateLimited, wait, &*self.entropy)
    }
}

/// A limit as those are told of it who are refused.
struct Told<'a> {
    name: &'static str,
    policy: &'a HeaderValue,
}

impl Told<'_> {
    fn refusal(&self, code: Code, wait: Duration, entropy: &dyn Entropy) -> Problem {
        let wait_s = whole_seconds(wait);
        let state = format!("\"{}\";r=0;t={wait_s}", self.name);
        let problem = Problem::new(code)
            .retry_after_s(problem::jittered_s(wait_s, entropy))
            .header(RATE_LIMIT_POLICY, self.policy.clone());
        match HeaderValue::try_from(state) {
            Ok(state) => problem.header(RATE_LIMIT, state),
            Err(_) => problem,
        }
    }
}

/// `"join";q=1200;w=120`: 1,200 requests, which come back within 120 s.
fn policy(name: &'static str, requests: u32, window: Duration) -> HeaderValue {
    let window_s = whole_seconds(window);
    HeaderValue::try_from(format!("\"{name}\";q={requests};w={window_s}"))
        .expect("the name of a limit is plain text")
}

/// Rounded up, and at least one.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests;
