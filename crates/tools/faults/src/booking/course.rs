//! What a run did to the product, so that the judge can tell a fault from its effect.

use crate::clock::{Span, UnixMs};
use crate::waits::Wait;

/// What happened in a run, besides what clients were told.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// An instance was gone, going or frozen: it need not answer.
    pub down: Vec<(usize, Span)>,
    /// One instance was in trouble and nothing else: the others must go on.
    pub alone: Vec<(usize, Span)>,
    /// When a fault had ended.
    pub heals: Vec<UnixMs>,
    /// What the machine, busy with something else, added to latencies.
    pub waits: Vec<Wait>,
    /// Instances in the run.
    pub instances: usize,
    /// What the run itself found wrong: an instance that had ended, a condition waited for in vain.
    pub troubles: Vec<String>,
    /// What the run wants to be read.
    pub notes: Vec<String>,
}
