//! What the gate decides, bound by bound.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Timestamp;

use super::testing::{LEVERS, READING, RULES, at, report};
use super::*;
use crate::lane::Lane;

/// A room as a store keeps it, with a crowd in the public lane.
struct Room {
    rules: GateRules,
    levers: GateLevers,
    reading: GateReading<'static>,
    came: BTreeMap<u64, u64>,
    ledger: Ledger,
}

impl Room {
    fn with_crowd(places: u64) -> Self {
        Self {
            rules: RULES,
            levers: LEVERS,
            reading: GateReading { places: PerLane::public(places), ..READING },
            came: BTreeMap::new(),
            ledger: Ledger::default(),
        }
    }

    fn decide(&self, now: Timestamp) -> Decision {
        let reading = GateReading { now, came: &self.came, ..self.reading };
        decide(&self.rules, &self.levers, &reading, &self.ledger)
    }

    /// Carries a decision out, as a store does, and tells how many were called.
    fn call(&mut self, now: Timestamp) -> u64 {
        let decision = self.decide(now);
        let before = self.reading.called.total();
        self.reading.called = decision.called;
        self.ledger = decision.ledger.unwrap_or_else(|| self.ledger.clone());
        decision.called.total() - before
    }

    /// As many of the newest step come as `count`, and stay.
    fn come(&mut self, count: u32) {
        *self.came.entry(self.ledger.last_step).or_default() += u64::from(count);
        self.reading.active += count;
        self.reading.active_fresh += count;
    }
}

fn called(levers: GateLevers, reading: &GateReading<'_>) -> (u64, Bound) {
    let decision = decide(&RULES, &levers, reading, &Ledger::default());
    (decision.called.total(), decision.bound)
}

#[test]
fn the_tightest_bound_decides() {
    let crowd = GateReading { places: PerLane::public(10_000), ..READING };
    let paced = GateLevers { burst: 7, ..LEVERS };
    let few = GateReading { places: PerLane::public(3), ..READING };
    let left = |count| GateReading { report: Some(report(0, count)), ..crowd };
    assert_eq!(called(LEVERS, &crowd), (200, Bound::Seats));
    assert_eq!(called(paced, &crowd), (7, Bound::Pace));
    assert_eq!(called(LEVERS, &left(10)), (15, Bound::Places));
    assert_eq!(called(LEVERS, &left(0)), (0, Bound::Places));
    assert_eq!(called(LEVERS, &GateReading { active: 190, ..crowd }), (10, Bound::Seats));
    assert_eq!(called(LEVERS, &few), (3, Bound::NobodyWaits));
    assert_eq!(called(LEVERS, &GateReading { open: false, ..crowd }), (0, Bound::Closed));
    assert_eq!(called(GateLevers { paused: true, ..LEVERS }, &crowd), (0, Bound::Paused));
}

#[test]
fn a_loaded_booking_api_lets_fewer_in() {
    let loaded = Report { queue_depth: 80, ..report(0, 100_000) };
    let crowd = GateReading { places: PerLane::public(10_000), report: Some(loaded), ..READING };
    assert_eq!(called(LEVERS, &crowd), (140, Bound::Load));
}

#[test]
fn people_on_holds_do_not_keep_others_from_free_places() {
    let held = Report { held_passes: 200, held_seats: 300, ..report(0, 100) };
    let levers = GateLevers { max_active: 400, ..LEVERS };
    let reading = GateReading {
        places: PerLane::public(10_000),
        active: 200,
        active_fresh: 200,
        report: Some(held),
        ..READING
    };
    assert_eq!(called(levers, &reading), (150, Bound::Places));
}

#[test]
fn idle_passes_do_not_keep_others_from_the_last_places() {
    let just_came = GateReading {
        places: PerLane::public(10_000),
        active: 15,
        active_fresh: 15,
        report: Some(report(0, 10)),
        ..READING
    };
    assert_eq!(called(LEVERS, &just_came).0, 0);
    assert_eq!(called(LEVERS, &GateReading { active_fresh: 0, ..just_came }).0, 15);
}

#[test]
fn the_first_minutes_are_careful_and_no_shows_are_compensated_soon() {
    let mut room = Room::with_crowd(10_000);
    assert_eq!(room.call(at(0)), 200);
    assert!(room.call(at(5)) < 10, "everybody may still come");
    room.come(60);
    let within_half_a_minute: u64 = (6..30).map(|s| room.call(at(s))).sum();
    assert!(within_half_a_minute < 140, "{within_half_a_minute}");
    let then: u64 = (30..120).map(|s| room.call(at(s))).sum();
    assert!(then > 140, "{then}: the 140 who did not come have been replaced");
}

#[test]
fn after_their_claim_window_nobody_is_expected() {
    let mut room = Room::with_crowd(1_000);
    room.levers.max_active = 1;
    assert_eq!(room.call(at(0)), 1);
    assert_eq!(room.call(at(10)), 0);
    room.call(at(600));
    assert!(room.reading.called.total() >= 2);
    assert!(room.ledger.steps.iter().all(|step| step.at > at(0)));
}

#[test]
fn where_few_come_so_many_are_called_that_the_pace_is_used() {
    let mut room = Room::with_crowd(u64::MAX);
    room.levers = GateLevers { pace_per_minute: 60, burst: 5, max_active: 10_000, ..LEVERS };
    let mut calls = 0;
    for s in 0..1_200 {
        let count = room.call(at(s));
        calls += if s >= 600 { count } else { 0 };
        if s % 4 == 0 {
            // Every fourth second one comes of the two or more who were called in it.
            room.reading.admission_tat_us = at(s).unix_ms() * 1_000;
            room.come(1);
        }
    }
    assert!(calls > 1_200, "600 s at a pace of 60 a minute, of whom one in four comes: {calls}");
}

#[test]
fn arrivals_go_straight_in_only_when_nobody_waits() {
    let express =
        |reading: &GateReading<'_>| decide(&RULES, &LEVERS, reading, &Ledger::default()).express;
    assert_eq!(express(&READING), 200);
    assert_eq!(express(&GateReading { active: 150, ..READING }), 50);
    assert_eq!(express(&GateReading { open: false, ..READING }), 0);
    assert_eq!(express(&GateReading { places: PerLane([0, 1, 0]), ..READING }), 0, "one waits");
    assert_eq!(express(&GateReading { report: Some(report(0, 20)), ..READING }), 30);
    assert_eq!(
        decide(&RULES, &GateLevers { burst: 9, ..LEVERS }, &READING, &Ledger::default()).express,
        9
    );
    let paused = GateLevers { paused: true, ..LEVERS };
    assert_eq!(decide(&RULES, &paused, &READING, &Ledger::default()).express, 0);
}

#[test]
fn newcomers_do_not_take_the_seats_of_the_called() {
    let mut room = Room::with_crowd(150);
    assert_eq!(room.call(at(0)), 150);
    let express = room.decide(at(1)).express;
    assert!((50..60).contains(&express), "{express}");
}

#[test]
fn returned_places_do_not_lie_idle_while_the_next_draw_gathers() {
    let gathering = GateReading { gathering: true, ..READING };
    let express = |report| {
        decide(&RULES, &LEVERS, &GateReading { report, ..gathering }, &Ledger::default()).express
    };
    assert_eq!(express(Some(report(0, 4))), 6);
    assert_eq!(express(Some(report(0, 0))), 0);
    assert_eq!(express(None), 0, "nobody knows of any");
}

#[test]
fn an_idle_gate_writes_nothing() {
    let idle = |s| GateReading { now: at(s), report: Some(report(s, 50)), ..READING };
    for s in 0..60 {
        assert_eq!(decide(&RULES, &LEVERS, &idle(s), &Ledger::default()).ledger, None);
    }
    let mut room = Room::with_crowd(500);
    for s in 0..2_000 {
        room.call(at(s));
        room.reading.active = 0;
    }
    let (version, called) = (room.ledger.version, room.reading.called.total());
    for s in 2_000..9_000 {
        room.call(at(s));
    }
    assert_eq!((room.ledger.version, called), (version, 500), "{:?}", room.ledger);
}

#[test]
fn the_ledger_stays_small() {
    let mut room = Room::with_crowd(u64::MAX);
    for quarter in 0..8_000 {
        let now = at(0).plus(Duration::from_millis(quarter * 250));
        room.reading.places = PerLane([u64::MAX; 3]);
        room.call(now);
        room.reading.called[Lane::Hotline] += 1;
        assert!(room.ledger.steps.len() <= STEPS_MAX);
    }
    let json = serde_json::to_string(&room.ledger).expect("json");
    assert!(json.len() < 14_000, "{} bytes", json.len());
    assert_eq!(serde_json::from_str::<Ledger>(&json).expect("read"), room.ledger);
}

#[test]
fn a_ledger_of_another_version_can_be_read() {
    let json = r#"{"version":7,"call_tat_us":5,"claim_from":12,"unheard_of":[],"steps":[{"called":{"public":3}}]}"#;
    assert!(serde_json::from_str::<Ledger>(json).is_err(), "a field may not change its meaning");
    let json = r#"{"version":7,"call_tat_us":5,"unheard_of":[],"steps":[{"called":{"public":3}}]}"#;
    let ledger: Ledger = serde_json::from_str(json).expect("read");
    assert_eq!((ledger.version, ledger.steps[0].called), (7, PerLane([3, 0, 0])));
}

/// P10: in each lane the earlier place is called first, and none behind the places that exist.
#[test]
fn lanes_are_called_in_order_and_share() {
    let mut room = Room::with_crowd(0);
    room.levers = GateLevers { shares: PerLane([80, 20, 0]), ..LEVERS };
    room.reading.places = PerLane([1_000, 1_000, 2]);
    room.call(at(0));
    let called = room.reading.called;
    assert_eq!(called.total(), 200);
    assert!(called[Lane::Hotline] >= 38 && called[Lane::Public] >= 157, "{called:?}");
}
