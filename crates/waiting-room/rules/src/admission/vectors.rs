//! What every store must answer: attempts in order, with the bounds they meet.

use super::{Bounds, Counters, Verdict, decide};
use crate::pace::Pace;
use crate::store::Redeemed;
use kernel::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// One case.
pub struct Vector {
    /// What it shows.
    pub name: &'static str,
    /// Passes that may be alive at once.
    pub max_active: u32,
    /// Admissions a minute.
    pub pace_per_minute: u32,
    /// Admissions at once.
    pub burst: u32,
    /// Whether the room is paused.
    pub paused: bool,
    /// The attempts: seconds since the start, the number of the subject, and the answer.
    pub attempts: &'static [(i64, u64, Answer)],
}

/// What an attempt must be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Admitted; the pass ends this many seconds after the start.
    Until(i64),
    /// Busy.
    Busy,
    /// Used.
    Used,
}

/// How long passes are valid in the vectors, in seconds.
pub const TTL_S: u32 = 900;

use Answer::{Busy, Until, Used};

/// The cases.
pub const VECTORS: &[Vector] = &[
    Vector {
        name: "at most max_active are alive; one that expires makes room",
        max_active: 2,
        pace_per_minute: 60_000,
        burst: 1_000,
        paused: false,
        attempts: &[
            (0, 1, Until(900)),
            (0, 2, Until(900)),
            (0, 3, Busy),
            (30, 2, Until(900)),
            (899, 3, Busy),
            (900, 3, Until(1_800)),
            (900, 1, Used),
        ],
    },
    Vector {
        name: "the pace holds, after a burst",
        max_active: 100,
        pace_per_minute: 60,
        burst: 2,
        paused: false,
        attempts: &[
            (0, 1, Until(900)),
            (0, 2, Until(900)),
            (0, 3, Busy),
            (1, 3, Until(901)),
            (1, 4, Busy),
            (10, 4, Until(910)),
            (10, 5, Until(910)),
            (10, 6, Busy),
        ],
    },
    Vector {
        name: "a paused room admits nobody and takes no pass away",
        max_active: 100,
        pace_per_minute: 600,
        burst: 10,
        paused: true,
        attempts: &[(0, 1, Busy), (60, 1, Busy)],
    },
];

/// The rule's own answers to a vector, starting at `start`.
#[must_use]
pub fn answers(vector: &Vector, start: Timestamp) -> Vec<Redeemed> {
    let bounds = Bounds {
        paused: vector.paused,
        max_active: vector.max_active,
        pace: Pace::per_minute(vector.pace_per_minute, vector.burst),
        ttl: Duration::from_secs(TTL_S.into()),
    };
    let mut passes: BTreeMap<u64, Timestamp> = BTreeMap::new();
    let mut tat_us = 0;
    let attempt = |&(s, subject, _): &(i64, u64, Answer)| {
        let now = Timestamp::from_unix_s(start.unix_s() + s);
        let living = passes.values().filter(|until| **until > now).count();
        let mut counters = Counters { living: u32::try_from(living).unwrap_or(u32::MAX), tat_us };
        let verdict = decide(&bounds, &mut counters, passes.get(&subject).copied(), now);
        tat_us = counters.tat_us;
        if let Verdict::Admitted(until) = verdict {
            passes.insert(subject, until);
        }
        verdict.into()
    };
    vector.attempts.iter().map(attempt).collect()
}

/// What a vector says must be answered.
#[must_use]
pub fn expected(vector: &Vector, start: Timestamp) -> Vec<Redeemed> {
    let answer = |&(_, _, answer): &(i64, u64, Answer)| match answer {
        Until(s) => Redeemed::Admitted { expires_at: Timestamp::from_unix_s(start.unix_s() + s) },
        Busy => Redeemed::Busy,
        Used => Redeemed::Used,
    };
    vector.attempts.iter().map(answer).collect()
}

impl From<Verdict> for Redeemed {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Admitted(expires_at) | Verdict::Alive(expires_at) => {
                Self::Admitted { expires_at }
            }
            Verdict::Busy => Self::Busy,
            Verdict::Used => Self::Used,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::START;

    #[test]
    fn the_rule_gives_the_answers_of_the_vectors() {
        for vector in VECTORS {
            assert_eq!(answers(vector, START), expected(vector, START), "{}", vector.name);
        }
    }
}
