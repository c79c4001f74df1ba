//! The clock of a store, as an instance knows it.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::Clock;
use crate::Timestamp;

/// A store's clock that is off by more than this from all that was known of it has been set, or
/// belongs to another machine. Up to this much the clock stands still rather than go back.
const STEP_MS: i64 = 1_000;

/// A clock that is known badly is shown late rather than early, and never ahead of the store by more
/// than this: after a stall at start nothing opens before its time.
const AHEAD_MAX_MS: i64 = 100;

/// Two clocks drift apart by a millisecond in so much time, at most. A quartz is off by 0.1 ms in a
/// second, and NTP slews by 0.5 ms.
const DRIFT_PER_MS: u128 = 1_000;

/// A clock that follows a store's clock.
///
/// "Is the opening reached?" must have the same answer on every instance, so instances compare with
/// the store's time instead of their own. Between observations the base clock runs on, so a store
/// that is down does not stop the time. In production the base is a [`super::MonotonicClock`]: a
/// step of the machine's clock then changes nothing.
///
/// An observation is a trip that brings the store's time back. The store looked at its clock at some
/// instant between sending and receiving, and nobody knows which: the trip tells a range for the
/// difference between the two clocks, as wide as the trip took, and the middle of the range is wrong
/// by half the trip at most (F. Cristian, "Probabilistic clock synchronization", 1989). After a trip
/// of more than 200 ms it is not the middle that is shown but 100 ms above the lower end: the clock may
/// be late by as long as the trip took, but is early by 100 ms at most. Ranges are intersected, so
///
/// - a slow trip, or an executor that slept over the reply, is no news where the clock is known
///   better already;
/// - an observation that contradicts what is known proves that the store's clock has been set or
///   that another store answers, and replaces it;
/// - what is known wears out by a millisecond a second, as the clocks drift apart.
///
/// It never goes back, but stands still until its time is reached again, unless an observation
/// proves that the store's clock has gone back by more than a second. The first observation takes
/// over whatever the store shows.
pub struct SyncedClock {
    base: Arc<dyn Clock>,
    course: RwLock<Course>,
}

/// The instant on the base clock before which a trip cannot have reached the store.
#[derive(Clone, Copy, Debug)]
#[must_use = "hand it to `SyncedClock::observe` when the trip has come back"]
pub struct Sending(Timestamp);

impl SyncedClock {
    /// A clock that shows `base` until a store's time has been observed.
    #[must_use]
    pub fn new(base: Arc<dyn Clock>) -> Self {
        Self { base, course: RwLock::default() }
    }

    /// To be called before a trip sets out that will tell the store's time. One value serves
    /// several trips; the observation is then as exact as if each had set out with the first.
    pub fn sending(&self) -> Sending {
        Sending(self.base.now())
    }

    /// Takes over the time that a store has told in a trip that set out after `sending`.
    ///
    /// Call it as soon as the trip is back: the time until then counts as time of the trip.
    pub fn observe(&self, sending: Sending, store_now: Timestamp) {
        let mut course = self.course.write().unwrap_or_else(PoisonError::into_inner);
        let received = self.base.now();
        *course = course.after(Trip { sent: sending.0, received, store_now });
    }

    fn course(&self) -> RwLockReadGuard<'_, Course> {
        self.course.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SyncedClock {
    fn now(&self) -> Timestamp {
        // The base is read under the lock: an observation in between could otherwise be outrun.
        let course = self.course();
        course.show(self.base.now())
    }
}

/// One observation, on the base clock's and the store's scale.
#[derive(Clone, Copy, Debug)]
struct Trip {
    sent: Timestamp,
    received: Timestamp,
    store_now: Timestamp,
}

/// What the store's clock less the base clock can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    low_ms: i64,
    high_ms: i64,
}

impl Range {
    fn of(trip: Trip) -> Self {
        // A base that was set back during the trip tells nothing about its length.
        let sent = trip.sent.min(trip.received);
        Self {
            low_ms: trip.store_now.unix_ms().saturating_sub(trip.received.unix_ms()),
            high_ms: trip.store_now.unix_ms().saturating_sub(sent.unix_ms()),
        }
    }

    fn shown_ms(self) -> i64 {
        let middle_ms = self.low_ms.midpoint(self.high_ms);
        middle_ms.min(self.low_ms.saturating_add(AHEAD_MAX_MS))
    }

    fn widened(self, by_ms: i64) -> Self {
        Self {
            low_ms: self.low_ms.saturating_sub(by_ms),
            high_ms: self.high_ms.saturating_add(by_ms),
        }
    }

    /// What both allow; where they contradict each other, how far `other` lies below (negative) or
    /// above at least.
    fn intersect(self, other: Self) -> Result<Self, i64> {
        if other.high_ms < self.low_ms {
            Err(other.high_ms - self.low_ms)
        } else if other.low_ms > self.high_ms {
            Err(other.low_ms - self.high_ms)
        } else {
            Ok(Self {
                low_ms: self.low_ms.max(other.low_ms),
                high_ms: self.high_ms.min(other.high_ms),
            })
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Known {
    range: Range,
    /// When, on the base clock.
    at: Timestamp,
}

/// How the store's time follows from the base clock's.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    known: Option<Known>,
    /// What has been shown already, where the course has been set back since.
    floor: Option<Timestamp>,
}

impl Course {
    fn show(&self, base: Timestamp) -> Timestamp {
        let offset_ms = self.known.map_or(0, |known| known.range.shown_ms());
        let now = Timestamp::from_unix_ms(base.unix_ms().saturating_add(offset_ms));
        self.floor.map_or(now, |floor| now.max(floor))
    }

    fn after(self, trip: Trip) -> Self {
        let observed = Range::of(trip);
        let (range, may_go_back) = match self.known {
            None => (observed, true),
            Some(Known { range, at }) => {
                let worn_ms = trip.received.since(at).as_millis().div_ceil(DRIFT_PER_MS);
                let worn_ms = i64::try_from(worn_ms).unwrap_or(i64::MAX);
                match range.widened(worn_ms).intersect(observed) {
                    Ok(both) => (both, false),
                    Err(step_ms) => (observed, step_ms < -STEP_MS),
                }
            }
        };
        let course = Self { known: Some(Known { range, at: trip.received }), floor: None };
        let shown = self.show(trip.received);
        let goes_back = course.show(trip.received) < shown;
        Self { floor: (goes_back && !may_go_back).then_some(shown), ..course }
    }
}

#[cfg(test)]
mod tests;
