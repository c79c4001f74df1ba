//! What a run did to the product, so that the judge can tell a fault from its effect.

use crate::clock::{Span, UnixMs};
use crate::waits::Wait;

/// The bounds that the campaign sets.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub max_active: u32,
    pub pace_per_minute: u32,
    pub burst: u32,
    pub pass_ttl_ms: i64,
}

/// The end of a fault.
#[derive(Clone, Copy, Debug)]
pub struct Heal {
    pub at: UnixMs,
    /// For so long nobody need be called: what nobody remembers, tickets must prove first.
    pub quiet_ms: i64,
}

/// What happened in a run, besides what clients were told.
#[derive(Clone, Debug)]
pub struct Course {
    pub bounds: Bounds,
    /// The store was out of reach or healing. Instances may know differently much, so people are not
    /// compared with each other.
    pub away: Vec<Span>,
    /// An instance was gone or going.
    pub down: Vec<(usize, Span)>,
    /// Latencies mean nothing: a process was stopped on purpose.
    pub slow: Vec<Span>,
    /// Programs attacked, so everything may take longer, within bounds.
    pub attacked: Vec<Span>,
    /// What the machine, busy with something else, added to latencies.
    pub waits: Vec<Wait>,
    /// Nobody knew the room, neither a store nor an instance.
    pub unknown: Vec<Span>,
    /// The store lost the passes and the pace. Only the store knows these; those from before are no
    /// longer counted.
    pub forgot: Vec<UnixMs>,
    pub heals: Vec<Heal>,
    /// What the run itself found wrong: an instance that had ended, a condition waited for in vain.
    pub troubles: Vec<String>,
    /// What the run wants to be read, such as the rate of a flood.
    pub notes: Vec<String>,
}

impl Course {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            away: Vec::new(),
            down: Vec::new(),
            slow: Vec::new(),
            attacked: Vec::new(),
            waits: Vec::new(),
            unknown: Vec::new(),
            forgot: Vec::new(),
            heals: Vec::new(),
            troubles: Vec::new(),
            notes: Vec::new(),
        }
    }
}
