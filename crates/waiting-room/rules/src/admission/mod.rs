//! Admission: the one rule that stores carry out themselves, since it must be atomic.
//!
//! Who holds a called place, or comes when nobody waits, gets the one pass of its subject (P9) as long as
//! there are fewer living passes than allowed and the pace permits (P11). The rule is stated here once;
//! [`vectors`] are what every store must answer.

pub mod vectors;

use std::time::Duration;

use kernel::Timestamp;

use crate::pace::Pace;

/// The bounds of admission at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Nobody new is admitted.
    pub paused: bool,
    /// Passes that may be alive at once.
    pub max_active: u32,
    /// The pace.
    pub pace: Pace,
    /// How long a pass is valid, whole seconds.
    pub ttl: Duration,
}

/// The numbers that an admission changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Passes alive.
    pub living: u32,
    /// The pace's state; see [`Pace`].
    pub tat_us: i64,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A new pass until this instant.
    Admitted(Timestamp),
    /// The pass is alive until this instant already.
    Alive(Timestamp),
    /// All passes are taken, the pace is reached, or the room is paused.
    Busy,
    /// The pass has expired or was given back.
    Used,
}

/// Decides on one attempt; `pass_until` is the end of the subject's pass, if it ever got one.
#[must_use]
pub fn decide(
    bounds: &Bounds,
    counters: &mut Counters,
    pass_until: Option<Timestamp>,
    now: Timestamp,
) -> Verdict {
    match pass_until {
        Some(until) if until > now => return Verdict::Alive(until),
        Some(_) => return Verdict::Used,
        None => (),
    }
    let is_full = counters.living >= bounds.max_active;
    if bounds.paused || is_full || bounds.pace.permits(counters.tat_us, now) == 0 {
        return Verdict::Busy;
    }
    counters.tat_us = bounds.pace.after(counters.tat_us, now, 1);
    counters.living += 1;
    Verdict::Admitted(Timestamp::from_unix_s(now.plus(bounds.ttl).unix_s()))
}
