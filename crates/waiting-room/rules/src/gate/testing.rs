//! What the gate's tests begin with.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Timestamp;

use super::{GateLevers, GateReading, GateRules, Report};
use crate::lane::PerLane;

pub(super) const RULES: GateRules =
    GateRules { claim_window_s: 600, places_factor_percent: 150, min_active: 10, pass_ttl_s: 900 };

pub(super) const LEVERS: GateLevers = GateLevers {
    paused: false,
    pace_per_minute: 60_000,
    burst: 1_000,
    max_active: 200,
    shares: PerLane([100, 0, 0]),
};

static NOBODY_CAME: BTreeMap<u64, u64> = BTreeMap::new();

/// An open room at second 0 in which nobody waits.
pub(super) const READING: GateReading<'static> = GateReading {
    now: Timestamp::from_unix_s(START_S),
    places: PerLane([0; 3]),
    called: PerLane([0; 3]),
    active: 0,
    active_fresh: 0,
    came: &NOBODY_CAME,
    admission_tat_us: 0,
    report: None,
    last_opening: None,
    gathering: false,
    open: true,
};

const START_S: i64 = 1_623_650_400;

/// Second `s` of a test.
pub(super) fn at(s: u64) -> Timestamp {
    Timestamp::from_unix_s(START_S).plus(Duration::from_secs(s))
}

/// A report counted at second `s`, with nothing held and no load.
pub(super) fn report(s: u64, places_left: u64) -> Report {
    Report {
        counted_at: at(s),
        places_left,
        held_passes: 0,
        held_seats: 0,
        queue_depth: 0,
        queue_depth_max: 100,
    }
}
