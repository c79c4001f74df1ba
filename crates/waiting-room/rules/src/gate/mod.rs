//! The gate: how far to call. A pure function of the settings, a reading of the room and the time.
//!
//! It calls as many as the tightest of these allows: seats that are free or will be when people
//! come, pace, places left, people waiting. Whoever was called and has not come counts with the
//! measured chance that they still come, and with nothing once the claim window is over. So no
//! reading and no notes, however odd, stop it for longer than that (P18), and nobody who comes late
//! loses a place (P12). It may be wrong about people: `max_active` and the pace of admissions are
//! bounds of the store, where a pass is taken (P11).
//!
//! Everything is an estimate of people; the parts are [`show_rate`] (who still comes), [`turnover`]
//! (who leaves), [`forecast`] (both, against what is free), [`places`], [`allowance`] (the load of
//! the booking API) and [`lanes`]. `docs/adr/0017` says why.

mod allowance;
#[cfg(test)]
mod decision_tests;
pub mod estimate;
mod forecast;
mod lanes;
mod ledger;
#[cfg(test)]
mod liveness;
mod number;
mod places;
pub mod reach;
mod show_rate;
#[cfg(test)]
mod testing;
mod turnover;

use std::collections::BTreeMap;

use kernel::Timestamp;

use self::forecast::Forecast;
pub use self::ledger::{Ledger, STEPS_MAX, Step};
use self::number::{narrow, nearest, real};
pub use self::show_rate::{Age, ShowRate};
pub use self::turnover::Turnover;
use crate::lane::PerLane;
use crate::pace::Pace;

/// The bounds of the gate that never change while the room lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRules {
    /// How long a called person is expected, in seconds; above 600 as if it were 600.
    pub claim_window_s: u32,
    /// People let in per place left, in percent: some will find no slot that suits them.
    pub places_factor_percent: u32,
    /// However loaded the booking API is, this many passes may live.
    pub min_active: u32,
    /// How long a pass is valid, in seconds.
    pub pass_ttl_s: u32,
}

/// Nobody who was called is expected for longer. Steps of more than ten seconds would be too coarse
/// to foresee who comes within the next half minute.
const EXPECTED_FOR_MAX_S: u32 = 600;

impl GateRules {
    /// How long somebody who was called is expected.
    pub(crate) fn expected_for_s(&self) -> u32 {
        self.claim_window_s.clamp(1, EXPECTED_FOR_MAX_S)
    }
}

/// What an operator may change while people wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateLevers {
    /// Nobody is called.
    pub paused: bool,
    /// Admissions per minute in the long run.
    pub pace_per_minute: u32,
    /// Admissions that may come at once after a quiet time.
    pub burst: u32,
    /// Passes that may be alive at once.
    pub max_active: u32,
    /// How the pace is shared among lanes in which people wait.
    pub shares: PerLane<u32>,
}

/// One reading of a room, all of it at [`Self::now`].
#[derive(Clone, Copy, Debug)]
pub struct GateReading<'a> {
    /// The store's time.
    pub now: Timestamp,
    /// Places that exist; nobody is called behind them.
    pub places: PerLane<u64>,
    /// Places called so far.
    pub called: PerLane<u64>,
    /// Passes that are alive.
    pub active: u32,
    /// Those of them that were taken within the claim window.
    pub active_fresh: u32,
    /// New admissions by the number of the step in which they were called; see [`Ledger::step_of`].
    /// Numbers below [`Ledger::oldest_step`] may be missing.
    pub came: &'a BTreeMap<u64, u64>,
    /// The pace of admissions, in microseconds since the Unix epoch; see [`Pace`].
    pub admission_tat_us: i64,
    /// What the booking API last reported.
    pub report: Option<Report>,
    /// When places were last released.
    pub last_opening: Option<Timestamp>,
    /// Whether arrivals gather for the next draw.
    pub gathering: bool,
    /// Whether calling is allowed: a draw was held, and the room is not over.
    pub open: bool,
}

/// What the booking API counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// When.
    pub counted_at: Timestamp,
    /// Places bookable now; those that are held are not among them.
    pub places_left: u64,
    /// Passes with an open hold.
    pub held_passes: u64,
    /// Places on hold.
    pub held_seats: u64,
    /// How many requests queue.
    pub queue_depth: u64,
    /// How many may.
    pub queue_depth_max: u64,
}

/// What the gate wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Everyone below these places is called from now on.
    pub called: PerLane<u64>,
    /// The notes to keep; `None` if nothing changed.
    pub ledger: Option<Ledger>,
    /// How many arrivals may be admitted straight away until the next decision, since nobody waits.
    /// The store takes one off for each, so that all instances share it.
    pub express: u32,
    /// What keeps it from calling more.
    pub bound: Bound,
}

/// What bounds the calls at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Calling is not allowed: before the first draw, or after the end.
    Closed,
    /// The operator has paused the room.
    Paused,
    /// Everybody who has a place is called.
    NobodyWaits,
    /// All passes are taken, or expected to be.
    Seats,
    /// As [`Self::Seats`], and there are fewer of them since the booking API is loaded.
    Load,
    /// The pace.
    Pace,
    /// There are no places left for more people.
    Places,
}

/// Decides how far to call. O(steps of the ledger), without input, output or randomness.
#[must_use]
pub fn decide(
    rules: &GateRules,
    levers: &GateLevers,
    reading: &GateReading<'_>,
    ledger: &Ledger,
) -> Decision {
    let waiting =
        PerLane::from_fn(|lane| reading.places[lane].saturating_sub(reading.called[lane]));
    let mut next = ledger.clone();
    take_note(rules, levers, reading, waiting.total() > 0, &mut next);

    let room = Room::new(rules, levers, reading, &next);
    let (count, bound) = room.callable(levers, reading, waiting.total());
    let mut called = reading.called;
    if count > 0 {
        let given = lanes::split(levers, &mut next, &waiting, count);
        called = PerLane::from_fn(|lane| reading.called[lane] + given[lane]);
        next.call(called, count, reading.came, rules.expected_for_s(), reading.now);
        next.call_tat_us = room.tat_after(next.call_tat_us, reading.now, narrow(count));
    }
    let express = if waiting.total() == 0 { room.express(levers, reading) } else { 0 };
    let changed = next != *ledger;
    next.version = ledger.version.saturating_add(u64::from(changed));
    Decision { called, ledger: changed.then_some(next), express, bound }
}

/// Brings the notes up to date with what was read.
fn take_note(
    rules: &GateRules,
    levers: &GateLevers,
    reading: &GateReading<'_>,
    somebody_waits: bool,
    ledger: &mut Ledger,
) {
    let GateReading { now, came, .. } = *reading;
    ledger.mend(now);
    ledger.learn(came, rules.expected_for_s(), now);
    ledger.forget_old_steps(rules.expected_for_s(), now);
    allowance::follow(rules, levers, reading.report.as_ref(), ledger, now);
    if somebody_waits && !ledger.steps.is_empty() {
        ledger.turnover.count(&mut ledger.steps, came, reading.active, now);
    }
    let unexpected = ledger.follow(reading.called, came, rules.expected_for_s(), now);
    if unexpected > 0 {
        // Admissions on arrival use up the pace as calls do.
        let pace = Pace::per_minute(levers.pace_per_minute, levers.burst);
        let used = narrow(unexpected).min(pace.permits(ledger.call_tat_us, now));
        ledger.call_tat_us = pace.after(ledger.call_tat_us, now, used);
    }
}

/// How much room there is for more people, by each bound.
struct Room {
    forecast: Forecast,
    /// Living passes that the load allows.
    allowance: u32,
    leaving_per_ms: f64,
    pace: Pace,
    /// Of a thousand who are called now, so many come.
    come_milli: u32,
    /// Calls that the pace allows.
    paced: u64,
    /// Admissions that the pace allows at once.
    admissible: u32,
    places: Option<u64>,
}

impl Room {
    fn new(
        rules: &GateRules,
        levers: &GateLevers,
        reading: &GateReading<'_>,
        ledger: &Ledger,
    ) -> Self {
        let GateReading { now, came, .. } = *reading;
        let expected_for_s = rules.expected_for_s();
        let outstanding = ledger.outstanding(came, expected_for_s, now);
        let table = ledger.show_rate.table(expected_for_s);
        let forecast = Forecast::new(&table, &outstanding, show_rate::unit_ms(expected_for_s));

        let pace = Pace::per_minute(levers.pace_per_minute, levers.burst);
        let admissible = pace.permits(reading.admission_tat_us, now);
        let come_milli = narrow(nearest(forecast.newcomer_comes * 1_000.0));
        let admissions_per_ms = 1_000.0 / real(pace.interval_us.unsigned_abs());
        let paced = forecast
            .callable(real(admissible.into()), admissions_per_ms, 0.0)
            .min(pace.calls(come_milli, ledger.call_tat_us, now).into());

        let places = places::callable(rules, reading, ledger, &forecast);
        let allowance = allowance::current(rules, levers, ledger);
        let leaving_per_ms = ledger.turnover.leaving_per_ms(reading.active);
        Self { forecast, allowance, leaving_per_ms, pace, come_milli, paced, admissible, places }
    }

    fn tat_after(&self, tat_us: i64, now: Timestamp, count: u32) -> i64 {
        self.pace.after_calls(self.come_milli, tat_us, now, count)
    }

    /// How many to call of those who wait, and what keeps it from being more.
    fn callable(
        &self,
        levers: &GateLevers,
        reading: &GateReading<'_>,
        waiting: u64,
    ) -> (u64, Bound) {
        if !reading.open {
            return (0, Bound::Closed);
        }
        if levers.paused {
            return (0, Bound::Paused);
        }
        let seats = if self.allowance < levers.max_active { Bound::Load } else { Bound::Seats };
        let bounds = [
            (waiting, Bound::NobodyWaits),
            (self.seats(reading), seats),
            (self.places.unwrap_or(u64::MAX), Bound::Places),
            (self.paced, Bound::Pace),
        ];
        bounds.into_iter().min_by_key(|(count, _)| *count).unwrap_or((0, seats))
    }

    /// Seats for people who are called now: those that will be free when they come, and in any case
    /// those that nobody is expected to take.
    fn seats(&self, reading: &GateReading<'_>) -> u64 {
        let free = real(self.allowance.into()) - real(reading.active.into());
        let foreseen = self.forecast.callable(free, self.leaving_per_ms, 1.0);
        foreseen.max(self.unclaimed_seats(reading)).min(self.allowance.into())
    }

    fn unclaimed_seats(&self, reading: &GateReading<'_>) -> u64 {
        self.forecast.unclaimed(self.allowance.saturating_sub(reading.active).into())
    }

    /// How many arrivals may go straight in: they take what none of the called is expected to take.
    /// While the next draw gathers, only if places are known to be there for them.
    fn express(&self, levers: &GateLevers, reading: &GateReading<'_>) -> u32 {
        if !reading.open || levers.paused || (reading.gathering && self.places.is_none()) {
            return 0;
        }
        let paced = self.forecast.unclaimed(self.admissible.into()).min(self.paced);
        let places = self.places.unwrap_or(u64::MAX);
        narrow(self.unclaimed_seats(reading).min(paced).min(places))
    }
}
