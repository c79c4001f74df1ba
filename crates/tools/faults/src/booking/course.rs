//! What a run did to the product, so that the judge can tell a fault from its effect.

use crate::clock::{Span, UnixMs};
use crate::waits::Wait;

/// What happened in a run, besides what clients were told.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// An instance was gone, going or frozen: it need not answer.
    pub down: Vec<(usize, Span)>,
    /// When an instance was told to end. It goes on serving for a while first.
    pub stops: Vec<(usize, UnixMs)>,
    /// One instance was in trouble and nothing else: the others must go on.
    pub alone: Vec<(usize, Span)>,
    /// Some clients misbehaved, or the mail server did, and nothing else: nobody had to be put off, or to wait.
    pub calm: Vec<Span>,
    /// The database refused what was written to it, at once: so must the instances.
    pub refusing: Vec<Span>,
    /// What an instance kept of what was long over.
    pub left_behind: Vec<String>,
    /// When a fault had ended.
    pub heals: Vec<UnixMs>,
    /// What the machine, busy with something else, added to latencies.
    pub waits: Vec<Wait>,
    /// Whether letters are sent.
    pub has_post: bool,
    /// Letters that were taken, and whoever had sent them died before that was noted: they come again.
    pub cut_off: Vec<String>,
    /// The mail server was in trouble, or workers ended: letters are tried more than once.
    pub mail_breaks: bool,
    /// When reminders were due for those in the other slot, if that was during the run.
    pub reminders_due_at: Option<UnixMs>,
    /// Instances in the run.
    pub instances: usize,
    /// What the run itself found wrong: an instance that had ended, a condition waited for in vain.
    pub troubles: Vec<String>,
    /// What the run wants to be read.
    pub notes: Vec<String>,
}
