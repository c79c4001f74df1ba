//! What the store keeps of a room: its memory, the gate's notes, and a handful of numbers, whatever the
//! crowd.

use std::collections::BTreeMap;

use kernel::Timestamp;
use pass::PassId;

use crate::gate::Ledger;
use crate::memory::Memory;

/// One reading of a room's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomState {
    /// What merges.
    pub memory: Memory,
    /// Until then no entries are issued and no boundaries are frozen, so that what was lost can be
    /// remembered first.
    pub quiet_until: Timestamp,
    /// The gate's own notes.
    pub ledger: Ledger,
    /// New admissions, by the step of the ledger in which their place was called.
    pub came: BTreeMap<u64, u64>,
    /// Passes that are alive.
    pub active: u32,
    /// Those of them that were given out within the claim window.
    pub active_fresh: u32,
    /// Passes that may be alive at once as the gate has it now; at most the lever `max_active`.
    pub allowance: u32,
    /// Arrivals that may still be admitted straight away.
    pub express: u32,
    /// The pace of admissions, in microseconds since the Unix epoch; see [`crate::pace::Pace`].
    pub admission_tat_us: i64,
    /// What the booking API last reported.
    pub report: Option<Counts>,
}

/// What a booking API counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// When it counted.
    pub counted_at: Timestamp,
    /// Places that could be given away at once: released, not taken, not held.
    pub places_left: u32,
    /// Passes that have seats on hold.
    pub held_passes: u32,
    /// Seats on hold.
    pub held_seats: u32,
    /// Commands waiting in the booking API.
    pub queue_depth: u32,
    /// Commands that may wait there.
    pub queue_depth_max: u32,
}

/// The report of a booking API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingReport {
    /// What it counted.
    pub counts: Counts,
    /// Passes that are not needed any longer; at most 1,000.
    pub departures: Vec<PassId>,
}

impl RoomState {
    /// A room with this memory that has just begun.
    #[must_use]
    pub fn new(memory: Memory, quiet_until: Timestamp) -> Self {
        Self {
            allowance: memory.live.max_active,
            memory,
            quiet_until,
            ledger: Ledger::default(),
            came: BTreeMap::new(),
            active: 0,
            active_fresh: 0,
            express: 0,
            admission_tat_us: 0,
            report: None,
        }
    }
}
