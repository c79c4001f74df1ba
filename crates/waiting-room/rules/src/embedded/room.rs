//! One room in memory, operation by operation.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kernel::Timestamp;
use pass::PassId;

use crate::admission::{self, Bounds, Counters, Verdict};
use crate::lane::{Lane, PerLane};
use crate::memory::digest::Digest;
use crate::memory::{Frozen, Memory, heal, next_epoch};
use crate::notice::Notices;
use crate::pace::Pace;
use crate::priority::CodeNumber;
use crate::schedule::Schedule;
use crate::settings::{RoomId, RoomSettings};
use crate::state::{BookingReport, RoomState};
use crate::store::{
    Arrival, Arrivals, Ask, Call, Entered, Entries, Freeze, JOIN_KEY_MEMORY, JOIN_KEYS_MAX,
    JoinReply, LEFT_ALONE, Redeemed, Redemption, Result, RoomStoreError, SetLive,
};

use super::periods::Periods;
use super::resumes::KeptTickets;

/// A room that is read is noted as seen this often.
const SEEN_EVERY: Duration = Duration::from_secs(1);

/// A remembered join: what was asked for under the key, and what it got.
#[derive(Clone, Copy)]
struct Remembered {
    fingerprint: u32,
    epoch: u32,
    entry: u64,
    issued_at: Timestamp,
}

#[derive(Clone)]
pub(super) struct Room {
    pub(super) settings: RoomSettings,
    /// `active` and `active_fresh` are counted when the state is read.
    state: RoomState,
    /// Every pass given out and its end.
    passes: BTreeMap<PassId, Timestamp>,
    /// The joins that may be repeated.
    join_keys: Periods<Remembered>,
    /// The tickets that codes open.
    pub(super) kept_tickets: KeptTickets,
    used_codes: BTreeSet<CodeNumber>,
    /// Where those may not be waiting who are before arrivals that are admitted while others gather.
    express_behind: Option<u64>,
    next_due_at: Option<Timestamp>,
    seen_at: Timestamp,
    pub(super) notices: Option<Notices>,
}

impl Room {
    pub(super) fn new(
        settings: &RoomSettings,
        memory: Memory,
        quiet_until: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            next_due_at: next_due(settings, &memory),
            settings: settings.clone(),
            state: RoomState::new(memory, quiet_until),
            passes: BTreeMap::new(),
            join_keys: Periods::new(JOIN_KEY_MEMORY, JOIN_KEYS_MAX),
            kept_tickets: KeptTickets::default(),
            used_codes: BTreeSet::new(),
            express_behind: None,
            seen_at: now,
            notices: None,
        }
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.state.memory
    }

    pub(super) fn check(&self, room: &RoomId, digest: &Digest) -> Result<()> {
        let known = Digest::of(&self.state.memory);
        if known.is_behind(digest) {
            return Err(RoomStoreError::Behind(room.clone()));
        }
        if known.incarnation > digest.incarnation {
            return Err(RoomStoreError::Replaced(room.clone()));
        }
        Ok(())
    }

    pub(super) fn read(&mut self, ask: &Ask, now: Timestamp) -> RoomState {
        if ask.digest.is_none() && now.since(self.seen_at) > LEFT_ALONE {
            let memory = &mut self.state.memory;
            memory.epoch = next_epoch(memory.epoch, now);
            if self.next_due_at.is_some_and(|due| due <= now) {
                self.state.quiet_until = self.state.quiet_until.max(now.plus(ask.listening));
            }
        }
        if self.seen_at > now {
            self.step_back(ask.listening, now);
        }
        if self.seen_at > now || now.since(self.seen_at) > SEEN_EVERY {
            self.seen_at = now;
        }
        self.counted(ask.claim_window, now)
    }

    /// After the clock was set back no pass lives longer than one that is given out now, and no silence lasts
    /// longer than one that begins now.
    fn step_back(&mut self, listening: Duration, now: Timestamp) {
        let latest = now.plus(self.ttl());
        for until in self.passes.values_mut() {
            *until = (*until).min(latest);
        }
        self.state.quiet_until = self.state.quiet_until.min(now.plus(listening));
    }

    pub(super) fn counted(&self, claim_window: Duration, now: Timestamp) -> RoomState {
        let fresh_from = now.plus(self.ttl()).minus(claim_window);
        let count = |from: Timestamp| {
            let living = self.passes.values().filter(|until| **until > from).count();
            u32::try_from(living).unwrap_or(u32::MAX)
        };
        RoomState {
            active: count(now),
            active_fresh: count(now.max(fresh_from)),
            ..self.state.clone()
        }
    }

    fn pace(&self) -> Pace {
        let live = &self.state.memory.live;
        Pace::per_minute(live.pace_per_minute, live.burst)
    }

    fn ttl(&self) -> Duration {
        Duration::from_secs(self.settings.pass.ttl_s.into())
    }

    pub(super) fn merge(
        &mut self,
        settings: &RoomSettings,
        memory: &Memory,
        quiet: Duration,
        now: Timestamp,
    ) {
        let is_quiet = now < self.state.quiet_until;
        let Some(healed) = heal(Some(&self.state.memory), memory, is_quiet, now) else { return };
        let quiet_until = now.plus(quiet).max(self.state.quiet_until);
        if healed.incarnation > self.state.memory.incarnation {
            *self = Self::new(settings, healed, quiet_until, now);
            return;
        }
        self.state.memory = healed;
        self.state.quiet_until = quiet_until;
        self.state.express = 0;
        self.next_due_at = next_due(&self.settings, &self.state.memory);
    }

    pub(super) fn join(
        &mut self,
        digest: &Digest,
        arrivals: &Arrivals,
        now: Timestamp,
    ) -> JoinReply {
        if now < self.state.quiet_until {
            return JoinReply::Quiet { until: self.state.quiet_until };
        }
        if self.next_due_at.is_some_and(|due| due <= now) {
            return JoinReply::BoundaryDue;
        }
        let uses_codes = arrivals.people.iter().any(|person| person.code.is_some());
        if uses_codes && digest.live_version != self.state.memory.live.version {
            return JoinReply::LeversChanged;
        }
        // Whether the clock was set back is for the next reading to see.
        self.seen_at = self.seen_at.max(now);
        if arrivals.people.iter().any(|person| person.key.is_some()) {
            self.join_keys.turn(now);
        }
        let all_given = arrivals.people.iter().all(|person| person.pass_id.is_some());
        let mut express = all_given && self.express_lane(arrivals.lane);
        let enter = |arrival: &Arrival| self.enter(arrivals.lane, *arrival, &mut express, now);
        let people = arrivals.people.iter().map(enter).collect();
        let Memory { epoch, called, .. } = &self.state.memory;
        let called = called[arrivals.lane];
        JoinReply::Entries(Entries { epoch: *epoch, now, called, people })
    }

    /// Whether arrivals are admitted at once as long as the quota lasts: if nobody waits before them.
    fn express_lane(&self, lane: Lane) -> bool {
        let Memory { entered, called, .. } = &self.state.memory;
        let behind = self.express_behind.unwrap_or(entered[lane]);
        self.state.express > 0 && lane == Lane::Public && called[lane] >= behind
    }

    fn enter(
        &mut self,
        lane: Lane,
        arrival: Arrival,
        express: &mut bool,
        now: Timestamp,
    ) -> Entered {
        if let Some(key) = arrival.key
            && let Some(known) = self.join_keys.find(&key.key).copied()
        {
            let Remembered { fingerprint, epoch, entry, issued_at } = known;
            let is_same = fingerprint == key.fingerprint;
            let repeated = Entered::Repeated { epoch, entry, issued_at };
            return if is_same { repeated } else { Entered::KeyReused };
        }
        if let Some(code) = arrival.code
            && !self.used_codes.insert(code)
        {
            return Entered::CodeUsed;
        }
        let epoch = self.state.memory.epoch;
        let entry = self.state.memory.entered[lane];
        self.state.memory.entered[lane] = entry + 1;
        if let Some(key) = arrival.key {
            let fingerprint = key.fingerprint;
            self.join_keys
                .remember(key.key, Remembered { fingerprint, epoch, entry, issued_at: now });
        }
        let pass_id = arrival.pass_id.filter(|_| *express);
        let admitted_until = pass_id.and_then(|pass_id| self.admit_express(pass_id, now));
        *express = admitted_until.is_some();
        if *express && self.express_behind.is_none() {
            let called = &mut self.state.memory.called[lane];
            *called = (*called).max(entry + 1);
        }
        Entered::New { entry, admitted_until }
    }

    fn admit_express(&mut self, pass_id: PassId, now: Timestamp) -> Option<Timestamp> {
        if self.state.express == 0 {
            return None;
        }
        match self.admit(pass_id, now) {
            Verdict::Admitted(until) => {
                self.state.express -= 1;
                Some(until)
            }
            Verdict::Alive(until) => Some(until),
            Verdict::Busy | Verdict::Used => None,
        }
    }

    fn admit(&mut self, pass_id: PassId, now: Timestamp) -> Verdict {
        let live = &self.state.memory.live;
        let bounds = Bounds {
            paused: live.admits_nobody(),
            max_active: live.max_active.min(self.state.allowance),
            pace: self.pace(),
            ttl: self.ttl(),
        };
        let living = self.passes.values().filter(|until| **until > now).count();
        let living = u32::try_from(living).unwrap_or(u32::MAX);
        let mut counters = Counters { living, tat_us: self.state.admission_tat_us };
        let known = self.passes.get(&pass_id).copied();
        let verdict = admission::decide(&bounds, &mut counters, known, now);
        if let Verdict::Admitted(until) = verdict {
            self.state.admission_tat_us = counters.tat_us;
            self.passes.insert(pass_id, until);
        }
        verdict
    }

    pub(super) fn freeze(&mut self, digest: &Digest, freeze: Freeze, now: Timestamp) {
        let memory = &mut self.state.memory;
        // Nor what is held back here, whatever the instance makes of the same version of the levers.
        let is_due = self.next_due_at.is_some_and(|due| now >= due) && now >= freeze.due_at;
        let is_time =
            is_due && now >= self.state.quiet_until && memory.live.version == digest.live_version;
        if is_time && follows(&memory.frozen, freeze.index) {
            let is_first = freeze.index == 0 && freeze.next_due_at.is_none_or(|due| now < due);
            let entries = if is_first { PerLane::default() } else { memory.entered };
            memory.frozen.insert(freeze.index, Frozen { at: now, entries });
            self.next_due_at = freeze.next_due_at;
            self.state.express = 0;
        }
    }

    pub(super) fn call(&mut self, digest: &Digest, call: &Call) -> bool {
        let known = Digest::of(&self.state.memory);
        let is_current = known.frozen == digest.frozen
            && known.entropy == digest.entropy
            && known.live_version == digest.live_version;
        if !is_current || self.state.ledger.version + 1 != call.ledger.version {
            return false;
        }
        self.state.memory.called = self.state.memory.called.zip(&call.called, u64::max);
        self.state.ledger = call.ledger.clone();
        self.state.allowance = call.ledger.allowance.unwrap_or(self.state.memory.live.max_active);
        self.state.express = call.express;
        self.express_behind = call.express_behind;
        let first = call.ledger.oldest_step();
        self.state.came.retain(|step, _| *step >= first);
        true
    }

    pub(super) fn redeem(&mut self, redemptions: &[Redemption], now: Timestamp) -> Vec<Redeemed> {
        redemptions.iter().map(|redemption| self.redeem_one(*redemption, now)).collect()
    }

    fn redeem_one(&mut self, redemption: Redemption, now: Timestamp) -> Redeemed {
        let Redemption { lane, place, step, pass_id } = redemption;
        let was_admitted = self.passes.contains_key(&pass_id);
        if !was_admitted && place >= self.state.memory.called[lane] {
            return Redeemed::NotCalled;
        }
        let verdict = self.admit(pass_id, now);
        if let (Verdict::Admitted(_), Some(step)) = (verdict, step) {
            *self.state.came.entry(step).or_default() += 1;
        }
        verdict.into()
    }

    pub(super) fn end_passes(&mut self, pass_ids: &[PassId], now: Timestamp) {
        for pass_id in pass_ids {
            if let Some(until) = self.passes.get_mut(pass_id) {
                *until = (*until).min(now);
            }
        }
    }

    pub(super) fn pass_ends(&self, pass_ids: &[PassId]) -> Vec<Option<Timestamp>> {
        pass_ids.iter().map(|pass_id| self.passes.get(pass_id).copied()).collect()
    }

    pub(super) fn report(&mut self, report: &BookingReport, now: Timestamp) {
        self.end_passes(&report.departures, now);
        let mut counts = report.counts;
        counts.counted_at = counts.counted_at.min(now);
        let known = self.state.report.map(|known| known.counted_at);
        // What was counted in the future, before the clock was set back, is no later count.
        if known.is_none_or(|at| at <= counts.counted_at || at > now) {
            self.state.report = Some(counts);
        }
    }

    pub(super) fn set_live(&mut self, digest: &Digest, set: &SetLive, now: Timestamp) -> bool {
        let is_current = Digest::of(&self.state.memory).frozen == digest.frozen;
        let is_time = set.before.is_none_or(|before| now < before);
        let known = &mut self.state.memory.live;
        let is_next = known.version + 1 == set.live.version;
        if !(is_next && is_current && is_time) {
            return false;
        }
        // What the gate had made of the old bound is measured anew.
        if known.max_active != set.live.max_active {
            self.state.allowance = set.live.max_active;
        }
        *known = set.live.clone();
        self.next_due_at = set.next_due_at;
        self.state.express = 0;
        true
    }

    pub(super) fn supply_entropy(&mut self, opening: u16, entropy: &str) -> bool {
        let memory = &mut self.state.memory;
        let is_frozen = memory.frozen.contains_key(&(2 * opening + 1));
        let is_next = is_frozen && follows(&memory.entropy, opening);
        if is_next {
            memory.entropy.insert(opening, entropy.to_owned());
        }
        is_next
    }
}

fn next_due(settings: &RoomSettings, memory: &Memory) -> Option<Timestamp> {
    let schedule = Schedule::new(settings, &memory.live, &memory.frozen);
    schedule.boundary(memory.next_boundary()).map(|due| due.at)
}

/// Whether all before `index` are known, and none from there on.
fn follows<V>(known: &BTreeMap<u16, V>, index: u16) -> bool {
    known.len() == usize::from(index) && known.range(index..).next().is_none()
}
