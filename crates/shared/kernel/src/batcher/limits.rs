//! The bounds of a batcher, and what it answers when it has no reply.

use std::time::Duration;

/// The bounds of one batcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatcherLimits {
    /// Commands that may wait; one more is refused.
    pub queue_depth_max: usize,
    /// Commands that share one trip; at least one.
    pub batch_max: usize,
    /// The shortest time between the beginnings of two trips. While many come, it makes fewer and
    /// larger trips, which spares a store that others use too; the first after a pause goes at once.
    pub trip_every: Duration,
    /// How long a command may wait for its trip to begin. After that it is answered
    /// [`SubmitError::Shed`]: its caller is about to give up, and a queue that is served later
    /// than that answers nobody in time.
    pub wait_max: Duration,
    /// How long commands are refused after a trip that found the store away, before one is let
    /// through as the next probe. `None` where a failed trip says nothing about the next one: every
    /// command is then tried.
    pub probe_after: Option<Duration>,
    /// Whether a command is dropped whose caller has gone before the trip begins.
    ///
    /// True where carrying it out would leave something behind that nobody holds, such as an entry
    /// in line. False where the caller can find out afterwards what came of it: somebody whose
    /// connection broke while booking has asked for a place and may repeat the request under the
    /// same key.
    pub skip_abandoned: bool,
}

impl BatcherLimits {
    /// The default of [`Self::wait_max`].
    pub const WAIT_MAX: Duration = Duration::from_secs(2);
    /// The default of [`Self::probe_after`].
    pub const PROBE_AFTER: Duration = Duration::from_millis(100);

    /// Bounds with the default times: trips follow each other at once, a wait of at most 2 s, a probe
    /// every 100 ms while the store is away, and abandoned commands are skipped.
    #[must_use]
    pub const fn new(queue_depth_max: usize, batch_max: usize) -> Self {
        Self {
            queue_depth_max,
            batch_max,
            trip_every: Duration::ZERO,
            wait_max: Self::WAIT_MAX,
            probe_after: Some(Self::PROBE_AFTER),
            skip_abandoned: true,
        }
    }
}

/// Why a command got no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError<E> {
    /// The queue is full. Nothing was done; try again later.
    #[error("the queue is full")]
    Full,
    /// The command waited too long for its trip to begin. Nothing was done; try again later.
    #[error("the command has waited too long")]
    Shed,
    /// The store is away, and the command was not tried. Nothing was done; try again later.
    #[error("the store is away")]
    Away,
    /// The batcher is shutting down. Nothing was done; another instance will answer.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// The trip failed. Whether the command took effect is for `E` to say.
    #[error("the trip failed")]
    Failed(E),
    /// The trip broke down. Whether the command took effect is unknown: repeat it idempotently.
    #[error("the trip broke down")]
    Lost,
}

/// Why a trip brought no replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TripError<E> {
    /// This batch failed; the store answers, so the next one is tried as usual.
    Failed(E),
    /// The store is away: whatever waits would fail too, and later.
    Away(E),
}
