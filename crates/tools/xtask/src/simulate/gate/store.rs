//! What a store does for the gate: it keeps the notes, admits within bounds, and counts who came.

use std::collections::BTreeMap;

use kernel::Timestamp;
use waiting_room::gate::{Decision, GateLevers, GateReading, GateRules, Ledger, decide};
use waiting_room::lane::{Lane, PerLane};
use waiting_room::pace::Pace;

/// One room with a public lane.
pub struct Store {
    pub rules: GateRules,
    pub levers: GateLevers,
    pub ledger: Ledger,
    pub places: u64,
    pub called: u64,
    pub active: u32,
    pub express: u32,
    came: BTreeMap<u64, u64>,
    admission_tat_us: i64,
}

impl Store {
    pub fn new(rules: GateRules, levers: GateLevers) -> Self {
        Self {
            rules,
            levers,
            ledger: Ledger::default(),
            places: 0,
            called: 0,
            active: 0,
            express: 0,
            came: BTreeMap::new(),
            admission_tat_us: 0,
        }
    }

    /// Lets the gate decide, carries it out, and returns how many were called.
    pub fn call(&mut self, now: Timestamp) -> u64 {
        let reading = GateReading {
            now,
            places: PerLane::public(self.places),
            called: PerLane::public(self.called),
            active: self.active,
            active_fresh: self.active,
            came: &self.came,
            admission_tat_us: self.admission_tat_us,
            report: None,
            last_opening: None,
            gathering: false,
            open: true,
        };
        let Decision { called, ledger, express, .. } =
            decide(&self.rules, &self.levers, &reading, &self.ledger);
        if let Some(ledger) = ledger {
            self.came.retain(|&step, _| step >= ledger.oldest_step());
            self.ledger = ledger;
        }
        self.express = express;
        let before = std::mem::replace(&mut self.called, called[Lane::Public]);
        self.called - before
    }

    /// Admits whoever was called to `place`, if a pass is free and the pace allows it.
    pub fn redeem(&mut self, place: u64, now: Timestamp) -> bool {
        let admitted = self.admit(now);
        if admitted && let Some(step) = self.ledger.step_of(Lane::Public, place) {
            *self.came.entry(step).or_default() += 1;
        }
        admitted
    }

    /// Admits an arrival straight away, if the gate has left any.
    pub fn join(&mut self, now: Timestamp) -> bool {
        let admitted = self.express > 0 && self.places == self.called && self.admit(now);
        self.places += 1;
        if admitted {
            self.called += 1;
            self.express -= 1;
        }
        admitted
    }

    fn admit(&mut self, now: Timestamp) -> bool {
        let pace = Pace::per_minute(self.levers.pace_per_minute, self.levers.burst);
        let is_free = self.active < self.levers.max_active;
        let admitted = is_free && pace.permits(self.admission_tat_us, now) > 0;
        if admitted {
            self.admission_tat_us = pace.after(self.admission_tat_us, now, 1);
            self.active += 1;
        }
        admitted
    }

    /// Forgets everything but who entered and was called, as a store that is raised from a memory.
    pub fn lose(&mut self) {
        self.ledger = Ledger::default();
        self.came.clear();
        (self.active, self.express, self.admission_tat_us) = (0, 0, 0);
    }
}
