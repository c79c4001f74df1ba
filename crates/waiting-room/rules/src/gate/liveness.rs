//! P18: if somebody waits, a seat is free and a place is left, somebody is called within a bounded
//! time, from every state that can be written down, reachable or not.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Timestamp;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::testing::{LEVERS, READING, RULES, at};
use super::*;
use crate::lane::Lane;

/// Within this time after the called have had theirs, somebody is called.
const BOUND_S: u64 = 10;

fn any_time() -> impl Strategy<Value = Timestamp> {
    let near =
        (-8_000_000_i64..8_000_000).prop_map(|ms| Timestamp::from_unix_ms(at(0).unix_ms() + ms));
    prop_oneof![8 => near, 1 => any::<i64>().prop_map(Timestamp::from_unix_ms)]
}

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..500_u64, 2 => 0..2_000_000_u64, 1 => any::<u64>()]
}

fn any_per_lane() -> impl Strategy<Value = PerLane<u64>> {
    [any_count(), any_count(), any_count()].prop_map(PerLane)
}

fn any_step() -> impl Strategy<Value = Step> {
    let counts = (any_count(), any_count(), any_count(), any_count());
    (any_time(), any_per_lane(), counts, any::<u8>()).prop_map(|(at, called, counts, ages)| {
        let (number, invited, came, came_counted) = counts;
        Step { number, at, called, invited, came, came_counted, ages }
    })
}

fn any_show_rate() -> impl Strategy<Value = ShowRate> {
    let age = (any_count(), any_count())
        .prop_map(|(waited_for_milli, came_milli)| Age { waited_for_milli, came_milli });
    (any_time(), vec(age, 0..15)).prop_map(|(as_of, ages)| ShowRate { as_of, ages })
}

fn any_turnover() -> impl Strategy<Value = Turnover> {
    (any_time(), any::<u32>(), any_count(), any_count()).prop_map(
        |(as_of, active, left_milli, present_ms)| Turnover {
            as_of,
            active,
            left_milli,
            present_ms,
        },
    )
}

fn any_ledger() -> impl Strategy<Value = Ledger> {
    let numbers = (0..u64::MAX, any::<i64>(), any_count());
    let places = (any_per_lane(), any_per_lane());
    let credit = [any::<i64>(), any::<i64>(), any::<i64>()];
    let load = (option::of(any::<u32>()), option::of(any_time()));
    (numbers, places, vec(any_step(), 0..90), credit, any_show_rate(), any_turnover(), load)
        .prop_map(|(numbers, places, steps, credit, show_rate, turnover, load)| Ledger {
            version: numbers.0,
            call_tat_us: numbers.1,
            last_step: numbers.2,
            called: places.0,
            claim_from: places.1,
            steps,
            credit_milli: PerLane(credit),
            show_rate,
            turnover,
            allowance: load.0,
            load_seen_at: load.1,
        })
}

fn any_report() -> impl Strategy<Value = Report> {
    let counts = (1..100_000_u64, any_count(), any_count(), any_count(), any_count());
    (any_time(), counts).prop_map(|(counted_at, counts)| {
        let (places_left, held_passes, held_seats, queue_depth, queue_depth_max) = counts;
        Report { counted_at, places_left, held_passes, held_seats, queue_depth, queue_depth_max }
    })
}

/// A room that calls, with a seat free even under load, and a place left if a report says anything.
fn any_reading() -> impl Strategy<Value = GateReading<'static>> {
    let room = (any_per_lane(), 0..3_usize, 1..1_000_u64, any::<bool>());
    let bounds =
        (0..RULES.min_active, any::<i64>(), option::of(any_report()), option::of(any_time()));
    (room, bounds).prop_map(|((called, lane, waiting, gathering), bounds)| {
        let called = called.map(|count| count.min(u64::MAX / 8));
        let mut places = called;
        places[Lane::ALL[lane]] += waiting;
        let (active, admission_tat_us, report, last_opening) = bounds;
        GateReading {
            places,
            called,
            active,
            active_fresh: active,
            admission_tat_us,
            report,
            last_opening,
            gathering,
            ..READING
        }
    })
}

fn any_levers() -> impl Strategy<Value = GateLevers> {
    let shares = [0..200_u32, 0..200_u32, 0..200_u32].prop_map(PerLane);
    (6..10_000_u32, 1..1_000_u32, RULES.min_active..1_000, shares).prop_map(
        |(pace_per_minute, burst, max_active, shares)| GateLevers {
            paused: false,
            pace_per_minute,
            burst,
            max_active,
            shares,
        },
    )
}

/// After how many seconds somebody is called, if nothing else happens; `None` for never.
fn first_call_s(
    levers: &GateLevers,
    reading: &GateReading<'_>,
    came: &BTreeMap<u64, u64>,
    mut ledger: Ledger,
) -> Option<u64> {
    for s in 0..4 * u64::from(RULES.claim_window_s) {
        // Whoever is here decides within a claim window, or is no longer expected to.
        let fresh = if s < u64::from(RULES.claim_window_s) { reading.active_fresh } else { 0 };
        let reading = GateReading { now: at(s), active_fresh: fresh, came, ..*reading };
        let decision = decide(&RULES, levers, &reading, &ledger);
        if decision.called != reading.called {
            assert!(Lane::ALL.iter().all(|&lane| decision.called[lane] <= reading.places[lane]));
            return Some(s);
        }
        ledger = decision.ledger.unwrap_or(ledger);
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn from_every_ledger_somebody_is_called_once_the_called_have_had_their_time(
        levers in any_levers(),
        reading in any_reading(),
        came in btree_map(any_count(), any_count(), 0..20),
        ledger in any_ledger(),
    ) {
        let waited_s = first_call_s(&levers, &reading, &came, ledger);
        let bound_s = u64::from(RULES.claim_window_s) + BOUND_S;
        prop_assert!(waited_s.is_some_and(|s| s <= bound_s), "{waited_s:?}");
    }

    #[test]
    fn where_nobody_is_expected_somebody_is_called_at_once(
        levers in any_levers(),
        reading in any_reading(),
        came in btree_map(any_count(), any_count(), 0..20),
        ledger in any_ledger(),
    ) {
        let ledger = Ledger { steps: Vec::new(), ..ledger };
        let reading = GateReading { active_fresh: 0, ..reading };
        let waited_s = first_call_s(&levers, &reading, &came, ledger);
        prop_assert!(waited_s.is_some_and(|s| s <= BOUND_S), "{waited_s:?}");
    }

    #[test]
    fn whatever_is_read_the_decision_keeps_its_bounds(
        levers in any_levers(),
        reading in any_reading(),
        active: u32,
        came in btree_map(any_count(), any_count(), 0..20),
        ledger in any_ledger(),
    ) {
        let reading = GateReading { active, active_fresh: active, came: &came, ..reading };
        let decision = decide(&RULES, &levers, &reading, &ledger);
        for lane in Lane::ALL {
            prop_assert!(decision.called[lane] >= reading.called[lane]);
            prop_assert!(decision.called[lane] <= reading.places[lane]);
        }
        let count = decision.called.total() - reading.called.total();
        prop_assert!(count <= u64::from(levers.max_active));
        prop_assert!(decision.express <= levers.max_active.saturating_sub(active));
        let next = decision.ledger.unwrap_or(ledger);
        prop_assert!(next.steps.len() <= STEPS_MAX);
        let again = GateReading { called: decision.called, ..reading };
        let again = decide(&RULES, &GateLevers { paused: true, ..levers }, &again, &next);
        prop_assert_eq!(again.ledger.map(|again| (again.steps, again.called)), None);
    }
}

/// The room of the report: 1,200 people admitted on arrival, then the store loses all but how far was
/// called, and people wait.
#[test]
fn admissions_on_arrival_and_then_a_loss_stop_nothing() {
    let reading =
        GateReading { places: PerLane::public(3_360), called: PerLane::public(1_200), ..READING };
    let levers = GateLevers { pace_per_minute: 600, burst: 100, ..LEVERS };
    let waited_s = first_call_s(&levers, &reading, &BTreeMap::new(), Ledger::default());
    assert!(waited_s.is_some_and(|s| s <= 1), "{waited_s:?}");
}

#[test]
fn an_hour_back_on_the_clock_stops_nothing() {
    let mut ledger = Ledger::default();
    let mut called = PerLane::default();
    let crowd =
        |now, called| GateReading { now, called, places: PerLane::public(9_000), ..READING };
    let later = |s| at(3_600).plus(Duration::from_secs(s));
    for s in 0..60 {
        let decision = decide(&RULES, &LEVERS, &crowd(later(s), called), &ledger);
        called = decision.called;
        ledger = decision.ledger.unwrap_or(ledger);
    }
    let stepped_back = crowd(at(0), called);
    let waited_s = first_call_s(&LEVERS, &stepped_back, &BTreeMap::new(), ledger);
    assert!(waited_s.is_some_and(|s| s <= 120), "{waited_s:?}");
}
