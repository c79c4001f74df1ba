//! The commands that wait, and whether the store behind them is there.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::limits::{BatcherLimits, SubmitError};

/// Where the answer goes.
pub(super) type Reply<R, E> = oneshot::Sender<Result<R, SubmitError<E>>>;

/// What "never" is to a timer: later than any process lives.
const NEVER: Duration = Duration::from_hours(30 * 365 * 24);

pub(super) struct Job<C, R, E> {
    pub(super) command: C,
    pub(super) reply: Reply<R, E>,
    pub(super) since: Instant,
}

/// What was taken from the queue for one trip.
pub(super) struct Batch<C, R, E> {
    /// Whatever is to be carried out; may be empty.
    pub(super) jobs: Vec<Job<C, R, E>>,
    /// Callers that have waited too long.
    pub(super) shed: Vec<Reply<R, E>>,
    /// How many commands were dropped because their callers had gone.
    pub(super) abandoned: usize,
    /// How many still wait.
    pub(super) left: usize,
}

/// What a trip says about a store that was away.
#[derive(Clone, Copy, Debug)]
pub(super) enum Probed {
    /// It answered.
    Present,
    /// The trip broke down before it could tell.
    Unknown,
}

/// Whether the store is there, as far as the last trip could tell.
#[derive(Clone, Copy, Debug)]
enum Store {
    Present,
    /// Nothing is tried before this instant. The queue is empty.
    Away {
        probe_from: Instant,
    },
    /// One command is on its way to find out. Nothing else is in the queue.
    Probing,
}

struct State<C, R, E> {
    waiting: VecDeque<Job<C, R, E>>,
    store: Store,
    closed: bool,
}

/// A bounded queue with one consumer. Every operation but [`Self::take`] returns at once.
pub(super) struct Queue<C, R, E> {
    limits: BatcherLimits,
    state: Mutex<State<C, R, E>>,
    changed: Notify,
}

impl<C, R, E> Queue<C, R, E> {
    pub(super) fn new(limits: BatcherLimits) -> Self {
        let state = State { waiting: VecDeque::new(), store: Store::Present, closed: false };
        Self { limits, state: Mutex::new(state), changed: Notify::new() }
    }

    pub(super) fn limits(&self) -> &BatcherLimits {
        &self.limits
    }

    pub(super) fn depth(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Nothing below can panic while it holds the lock, but a queue must outlive its callers.
    fn lock(&self) -> MutexGuard<'_, State<C, R, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, command: C, reply: Reply<R, E>) -> Result<(), SubmitError<E>> {
        let mut state = self.lock();
        let since = Instant::now();
        if state.closed {
            return Err(SubmitError::ShuttingDown);
        }
        let probes = match state.store {
            Store::Present => false,
            Store::Away { probe_from } if probe_from <= since => true,
            Store::Away { .. } | Store::Probing => return Err(SubmitError::Away),
        };
        if state.waiting.len() >= self.limits.queue_depth_max {
            return Err(SubmitError::Full);
        }
        if probes {
            state.store = Store::Probing;
        }
        state.waiting.push_back(Job { command, reply, since });
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Refuses whatever comes from now on.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Waits until there is something, and takes it; `None` when the queue is closed and empty.
    /// Takes time linear in the batch and the commands it does not carry out.
    pub(super) async fn take(&self) -> Option<Batch<C, R, E>> {
        loop {
            {
                let mut state = self.lock();
                if !state.waiting.is_empty() {
                    return Some(self.gather(&mut state));
                }
                if state.closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    fn gather(&self, state: &mut State<C, R, E>) -> Batch<C, R, E> {
        let shed = self.take_overdue(state);
        let expected = state.waiting.len().min(self.limits.batch_max);
        let mut jobs = Vec::with_capacity(expected);
        let mut abandoned = 0;
        while jobs.len() < self.limits.batch_max
            && let Some(job) = state.waiting.pop_front()
        {
            if self.limits.skip_abandoned && job.reply.is_closed() {
                abandoned += 1;
            } else {
                jobs.push(job);
            }
        }
        if jobs.is_empty() && matches!(state.store, Store::Probing) {
            // The probe's caller has gone before it began: the next command is the probe.
            state.store = Store::Away { probe_from: Instant::now() };
        }
        Batch { jobs, shed, abandoned, left: state.waiting.len() }
    }

    /// Takes out whoever has waited too long. Arrival is in order of time, so they are in front.
    fn take_overdue(&self, state: &mut State<C, R, E>) -> Vec<Reply<R, E>> {
        let now = Instant::now();
        let overdue = state
            .waiting
            .iter()
            .take_while(|job| now.duration_since(job.since) >= self.limits.wait_max)
            .count();
        state.waiting.drain(..overdue).map(|job| job.reply).collect()
    }

    /// Takes out whoever has waited too long while a trip is under way.
    pub(super) fn shed(&self) -> Vec<Reply<R, E>> {
        self.take_overdue(&mut self.lock())
    }

    /// When somebody can have waited too long at the earliest. Whoever comes later waits until later.
    pub(super) fn next_shed(&self) -> Instant {
        let first = self.lock().waiting.front().map(|job| job.since);
        first.unwrap_or_else(Instant::now) + self.limits.wait_max.min(NEVER)
    }

    /// Notes that a trip found the store away; returns everybody who waits, unless such a trip says
    /// nothing about the next one.
    pub(super) fn away(&self) -> Vec<Reply<R, E>> {
        let Some(probe_after) = self.limits.probe_after else { return Vec::new() };
        let mut state = self.lock();
        state.store = Store::Away { probe_from: Instant::now() + probe_after.min(NEVER) };
        std::mem::take(&mut state.waiting).into_iter().map(|job| job.reply).collect()
    }

    /// Notes how a trip went that did not find the store away. Means something for a probe only.
    pub(super) fn probed(&self, probed: Probed) {
        let mut state = self.lock();
        if !matches!(state.store, Store::Probing) {
            return;
        }
        state.store = match probed {
            Probed::Present => Store::Present,
            Probed::Unknown => Store::Away {
                probe_from: Instant::now() + self.limits.probe_after.unwrap_or_default().min(NEVER),
            },
        };
    }

    /// Closes the queue when the task that serves it ends, however it ends: a caller must not wait
    /// for a task that is gone.
    pub(super) fn end_with_task(&self) -> EndWithTask<'_, C, R, E> {
        EndWithTask(self)
    }
}

pub(super) struct EndWithTask<'a, C, R, E>(&'a Queue<C, R, E>);

impl<C, R, E> Drop for EndWithTask<'_, C, R, E> {
    fn drop(&mut self) {
        self.0.close();
        let waiting = std::mem::take(&mut self.0.lock().waiting);
        for job in waiting {
            let _gone = job.reply.send(Err(SubmitError::ShuttingDown));
        }
    }
}
