//! The gate: how far to call. A pure function of the settings, the state and the time.
//!
//! It calls as many as the tightest of these allows: passes free, pace, places left × factor, people
//! waiting. Called people who have not redeemed keep a pass reserved for the claim window; after it
//! others are called in their stead, though their own place stays redeemable: the head never blocks
//! the line, and nobody loses a place by coming late (P10, P11, P12).

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::pace::Pace;
use crate::settings::GateSettings;
use crate::state::RoomState;

/// The claim window is remembered in this many steps; more precision would only cost memory.
const STEPS_PER_CLAIM_WINDOW: i64 = 64;

/// The gate's notes. One instance at a time replaces them, by comparing [`Self::version`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Grows by one with each replacement.
    pub version: u64,
    /// The pace of calls, in microseconds since the Unix epoch.
    pub call_tat_us: i64,
    /// Places below this number were called before the claim window.
    pub claim_from: u64,
    /// How far was called within the claim window, oldest first.
    pub steps: Vec<Step>,
}

/// Up to `at`, everyone below place `called` had been called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The end of the step.
    pub at: Timestamp,
    /// How far was called by then.
    pub called: u64,
}

/// What the gate wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Everyone below this place is called from now on.
    pub call_to: u64,
    /// The notes to keep; `None` if nothing changed.
    pub ledger: Option<Ledger>,
    /// How many arrivals may be admitted straight away, since nobody waits.
    pub express_max: u32,
}

/// Decides how far to call. `places` is how many places exist; `open` whether calling is allowed.
#[must_use]
pub fn decide(
    settings: &GateSettings,
    state: &RoomState,
    places: u64,
    open: bool,
    now: Timestamp,
) -> Decision {
    let mut ledger = forget_old_steps(settings, &state.ledger, now);
    let free = if open { free_passes(settings, state) } else { 0 };
    let pace = Pace::of(settings);
    let callable = free.min(pace.permits(ledger.call_tat_us, now));

    let waiting = places.saturating_sub(state.called);
    let count = callable.min(u32::try_from(waiting).unwrap_or(u32::MAX));
    let call_to = state.called + u64::from(count);
    if count > 0 {
        ledger.call_tat_us = pace.after(ledger.call_tat_us, now, count);
        note_step(settings, &mut ledger, call_to, now);
    }
    let changed = ledger != state.ledger;
    ledger.version += u64::from(changed);
    Decision {
        call_to,
        ledger: changed.then_some(ledger),
        express_max: if waiting == 0 { callable } else { 0 },
    }
}

/// Passes that may still be given out, leaving room for those called and yet to come.
///
/// Two bounds: `max_active` counts every living pass. `places left × factor` counts only those who
/// came within the claim window: who has held a pass for longer without booking is not expected to
/// take one of the last places, and must not keep others from them.
fn free_passes(settings: &GateSettings, state: &RoomState) -> u32 {
    let called_in_window = state.called.saturating_sub(state.ledger.claim_from);
    let expected = called_in_window.saturating_sub(state.redeemed_in_claim_window);
    let expected = u32::try_from(expected).unwrap_or(u32::MAX);
    let fresh = u32::try_from(state.redeemed_in_claim_window).unwrap_or(u32::MAX).min(state.active);
    let free = settings.max_active.saturating_sub(state.active.saturating_add(expected));
    let useful = state.places_left.map_or(u32::MAX, |left| {
        let wanted = u64::from(left.count) * u64::from(settings.places_factor_percent);
        u32::try_from(wanted.div_ceil(100)).unwrap_or(u32::MAX)
    });
    free.min(useful.saturating_sub(fresh.saturating_add(expected)))
}

fn forget_old_steps(settings: &GateSettings, ledger: &Ledger, now: Timestamp) -> Ledger {
    let window_start = now.minus(settings.claim_window());
    let mut ledger = ledger.clone();
    let expired = ledger.steps.partition_point(|step| step.at <= window_start);
    if let Some(last) = ledger.steps.drain(..expired).next_back() {
        ledger.claim_from = last.called;
    }
    ledger
}

/// Notes a call; calls close together share one step that ends a little later than they happened.
fn note_step(settings: &GateSettings, ledger: &mut Ledger, called: u64, now: Timestamp) {
    let width_ms = (i64::from(settings.claim_window_s) * 1_000 / STEPS_PER_CLAIM_WINDOW).max(1);
    let at = Timestamp::from_unix_ms((now.unix_ms().div_euclid(width_ms) + 1) * width_ms);
    match ledger.steps.last_mut() {
        Some(last) if last.at >= at => last.called = called,
        _ => ledger.steps.push(Step { at, called }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::state::PlacesLeft;

    const SETTINGS: GateSettings = GateSettings {
        max_active: 200,
        pace_per_minute: 60_000,
        burst: 1_000,
        claim_window_s: 600,
        places_factor_percent: 150,
    };

    fn at(s: u64) -> Timestamp {
        Timestamp::from_unix_s(1_623_650_400).plus(Duration::from_secs(s))
    }

    fn left(count: u32) -> PlacesLeft {
        PlacesLeft { count, as_of: at(0) }
    }

    /// Carries a decision out, as a store would.
    fn step(settings: &GateSettings, state: &mut RoomState, now: Timestamp) -> u64 {
        let decision = decide(settings, state, state.entered, true, now);
        let count = decision.call_to - state.called;
        state.called = decision.call_to;
        state.ledger = decision.ledger.unwrap_or_else(|| state.ledger.clone());
        count
    }

    #[test]
    fn the_tightest_bound_decides() {
        let crowd = RoomState { entered: 10_000, ..RoomState::empty() };
        let called = |settings: GateSettings, state: &RoomState| {
            decide(&settings, state, state.entered, true, at(0)).call_to
        };
        assert_eq!(called(SETTINGS, &crowd), 200, "passes");
        assert_eq!(called(GateSettings { burst: 7, ..SETTINGS }, &crowd), 7, "pace");
        assert_eq!(
            called(SETTINGS, &RoomState { places_left: Some(left(10)), ..crowd.clone() }),
            15
        );
        assert_eq!(called(SETTINGS, &RoomState { places_left: Some(left(0)), ..crowd.clone() }), 0);
        assert_eq!(called(SETTINGS, &RoomState { active: 190, ..crowd.clone() }), 10);
        assert_eq!(called(SETTINGS, &RoomState { entered: 3, ..crowd.clone() }), 3, "waiting");
        assert_eq!(decide(&SETTINGS, &crowd, crowd.entered, false, at(0)).call_to, 0, "closed");
    }

    #[test]
    fn idle_passes_do_not_keep_others_from_the_last_places() {
        let idle = RoomState {
            entered: 10_000,
            active: 15,
            redeemed_in_claim_window: 15,
            called: 15,
            places_left: Some(left(10)),
            ..RoomState::empty()
        };
        assert_eq!(decide(&SETTINGS, &idle, 10_000, true, at(0)).call_to, 15, "they just came");
        let later = RoomState {
            redeemed_in_claim_window: 0,
            ledger: Ledger { claim_from: 15, ..Ledger::default() },
            ..idle
        };
        assert_eq!(decide(&SETTINGS, &later, 10_000, true, at(0)).call_to, 30);
    }

    #[test]
    fn nobody_is_called_behind_the_places_that_exist() {
        let gathering = RoomState { entered: 10_000, ..RoomState::empty() };
        assert_eq!(decide(&SETTINGS, &gathering, 40, true, at(0)).call_to, 40);
    }

    #[test]
    fn no_shows_keep_their_pass_for_the_claim_window_and_are_then_compensated() {
        let mut state = RoomState { entered: 10_000, ..RoomState::empty() };
        assert_eq!(step(&SETTINGS, &mut state, at(0)), 200);
        // 150 came, are done and gone; 50 never came.
        state.redeemed_in_claim_window = 150;
        assert_eq!(step(&SETTINGS, &mut state, at(60)), 150);
        state.redeemed_in_claim_window = 300;
        assert_eq!(step(&SETTINGS, &mut state, at(300)), 150);
        // The first call leaves the claim window: its 50 no-shows no longer count.
        let before = state.ledger.claim_from;
        step(&SETTINGS, &mut state, at(611));
        assert_eq!((before, state.ledger.claim_from), (0, 200));
        state.redeemed_in_claim_window = 300;
        assert_eq!(step(&SETTINGS, &mut state, at(612)), 200);
    }

    #[test]
    fn the_ledger_stays_small() {
        let mut state = RoomState { entered: u64::MAX, ..RoomState::empty() };
        for second in 0..3_000 {
            state.redeemed_in_claim_window = state.called - state.ledger.claim_from;
            step(&SETTINGS, &mut state, at(second));
        }
        assert!(state.ledger.steps.len() <= 66, "{} steps", state.ledger.steps.len());
        assert!(state.called > 100_000);
    }

    #[test]
    fn arrivals_go_straight_in_only_when_nobody_waits() {
        let idle =
            RoomState { entered: 5, called: 5, redeemed_in_claim_window: 5, ..RoomState::empty() };
        assert_eq!(decide(&SETTINGS, &idle, 5, true, at(0)).express_max, 200);
        assert_eq!(decide(&SETTINGS, &idle, 5, false, at(0)).express_max, 0);
        let waiting = RoomState { entered: 6, ..idle };
        assert_eq!(decide(&SETTINGS, &waiting, 6, true, at(0)).express_max, 0);
    }

    #[test]
    fn an_idle_gate_writes_nothing() {
        let idle = RoomState::empty();
        assert_eq!(decide(&SETTINGS, &idle, 0, true, at(0)).ledger, None);
    }
}
