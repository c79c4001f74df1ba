//! Gather, one trip, scatter: the way to everything scarce.
//!
//! Callers put commands into a bounded queue. One task takes whatever has gathered while the last
//! trip was under way, at most [`BatcherLimits::batch_max`], makes one trip (one script call, one
//! transaction) and answers every caller separately. When idle the first command goes at once:
//! there is no waiting time to configure.
//!
//! - A full queue refuses immediately, so overload is a fast answer and never a time-out (P14).
//! - The trip runs in a task of its own: a caller that goes away cancels nothing, so no database
//!   future is ever dropped half-way.
//! - Shutdown refuses new commands, carries out all that were accepted, then ends (P16).

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use metrics::{Gauge, Histogram, gauge, histogram};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::Stopwatch;

/// The bounds of one batcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatcherLimits {
    /// Commands that may wait; one more is refused.
    pub queue_depth_max: usize,
    /// Commands that share one trip.
    pub batch_max: usize,
}

/// Why a command got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The queue is full. Nothing was done; try again later.
    #[error("the queue is full")]
    Full,
    /// The batcher is shutting down. Nothing was done; another instance will answer.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// The trip broke down. Whether the command took effect is unknown: repeat it idempotently.
    #[error("the trip broke down")]
    Lost,
}

struct Job<C, R> {
    command: C,
    reply: oneshot::Sender<R>,
    waiting: Stopwatch,
}

/// The entrance to a batched resource. Cheap to clone.
pub struct Batcher<C, R> {
    queue: mpsc::Sender<Job<C, R>>,
    closing: Arc<watch::Sender<bool>>,
}

impl<C, R> Clone for Batcher<C, R> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), closing: Arc::clone(&self.closing) }
    }
}

impl<C: Send + 'static, R: Send + 'static> Batcher<C, R> {
    /// Starts a batcher; `trip` gets the gathered commands and must return one reply for each, in
    /// order. The handle ends after [`Self::shut_down`], when the last accepted command is answered.
    ///
    /// `name` labels the metrics `batcher_queue_depth`, `batcher_batch_size` and
    /// `batcher_wait_seconds`.
    pub fn spawn<F, T>(name: &'static str, limits: BatcherLimits, trip: F) -> (Self, JoinHandle<()>)
    where
        F: FnMut(Vec<C>) -> T + Send + 'static,
        T: Future<Output = Vec<R>> + Send + 'static,
    {
        let (queue, jobs) = mpsc::channel(limits.queue_depth_max);
        let (closing, closed) = watch::channel(false);
        let task = tokio::spawn(run(name, limits.batch_max, jobs, closed, trip));
        (Self { queue, closing: Arc::new(closing) }, task)
    }

    /// Queues `command` and waits for its answer.
    ///
    /// Dropping the returned future does not take the command back.
    pub async fn submit(&self, command: C) -> Result<R, SubmitError> {
        let (reply, answer) = oneshot::channel();
        let job = Job { command, reply, waiting: Stopwatch::start() };
        self.queue.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => SubmitError::Full,
            mpsc::error::TrySendError::Closed(_) => SubmitError::ShuttingDown,
        })?;
        answer.await.map_err(|_| SubmitError::Lost)
    }

    /// Commands waiting for a trip right now.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// The largest possible [`Self::depth`].
    #[must_use]
    pub fn depth_max(&self) -> usize {
        self.queue.max_capacity()
    }

    /// Refuses new commands from now on; the accepted ones are still carried out.
    pub fn shut_down(&self) {
        self.closing.send_replace(true);
    }
}

async fn run<C, R, F, T>(
    name: &'static str,
    batch_max: usize,
    mut jobs: mpsc::Receiver<Job<C, R>>,
    mut closed: watch::Receiver<bool>,
    mut trip: F,
) where
    F: FnMut(Vec<C>) -> T,
    T: Future<Output = Vec<R>>,
{
    let depth: Gauge = gauge!("batcher_queue_depth", "batcher" => name);
    let batch_size: Histogram = histogram!("batcher_batch_size", "batcher" => name);
    let wait: Histogram = histogram!("batcher_wait_seconds", "batcher" => name);
    let mut gathered = Vec::with_capacity(batch_max);
    loop {
        // Both branches are cancel-safe: `recv_many` takes nothing unless it completes.
        tokio::select! {
            biased;
            _ = closed.wait_for(|closing| *closing), if !jobs.is_closed() => { jobs.close(); continue }
            count = jobs.recv_many(&mut gathered, batch_max) => if count == 0 { return },
        }
        let mut commands = Vec::with_capacity(gathered.len());
        let mut replies = Vec::with_capacity(gathered.len());
        for job in gathered.drain(..) {
            wait.record(job.waiting.elapsed());
            commands.push(job.command);
            replies.push(job.reply);
        }
        #[expect(clippy::cast_precision_loss, reason = "a queue is far shorter than 2^52")]
        {
            batch_size.record(commands.len() as f64);
            depth.set(jobs.len() as f64);
        }
        // A trip that panics loses its own batch; its callers see `Lost`, the next batch goes on.
        let Ok(answers) = AssertUnwindSafe(async { trip(commands).await }).catch_unwind().await
        else {
            continue;
        };
        assert_eq!(answers.len(), replies.len(), "one answer for each command of {name}");
        for (reply, answer) in replies.into_iter().zip(answers) {
            // The caller may have gone away; its command is carried out all the same.
            let _gone = reply.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    const LIMITS: BatcherLimits = BatcherLimits { queue_depth_max: 4, batch_max: 3 };

    /// A trip that waits for a permit, doubles its commands and remembers the batches.
    struct Gate {
        permits: Arc<Semaphore>,
        trips: Arc<Mutex<Vec<Vec<u32>>>>,
        batcher: Batcher<u32, u32>,
        task: JoinHandle<()>,
    }

    fn gate() -> Gate {
        let permits = Arc::new(Semaphore::new(0));
        let trips = Arc::new(Mutex::new(Vec::new()));
        let (permits_in, trips_in) = (permits.clone(), trips.clone());
        let (batcher, task) = Batcher::spawn("test", LIMITS, move |commands: Vec<u32>| {
            let (permits, trips) = (permits_in.clone(), trips_in.clone());
            async move {
                permits.acquire().await.expect("open").forget();
                trips.lock().expect("lock").push(commands.clone());
                commands.into_iter().map(|number| number * 2).collect()
            }
        });
        Gate { permits, trips, batcher, task }
    }

    /// Lets every task run until it waits for something.
    async fn settle() {
        for _ in 0..32 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_gathers_during_a_trip_shares_the_next_one() {
        let gate = gate();
        let submit = |number| {
            let batcher = gate.batcher.clone();
            tokio::spawn(async move { batcher.submit(number).await })
        };
        let first = submit(1);
        settle().await;
        let rest: Vec<_> = (2..=5).map(submit).collect();
        settle().await;
        gate.permits.add_permits(3);
        assert_eq!(first.await.expect("joined"), Ok(2));
        let rest: Vec<_> = join_all(rest).await.into_iter().map(|r| r.expect("joined")).collect();
        assert_eq!(rest, [Ok(4), Ok(6), Ok(8), Ok(10)]);
        assert_eq!(*gate.trips.lock().expect("lock"), [vec![1], vec![2, 3, 4], vec![5]]);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let gate = gate();
        let waiting: Vec<_> = (0..5)
            .map(|number| {
                let batcher = gate.batcher.clone();
                tokio::spawn(async move { batcher.submit(number).await })
            })
            .collect();
        settle().await;
        // One batch of up to three is under way only after the first trip began; top the queue up.
        let mut refused = 0;
        for number in 10..20 {
            let batcher = gate.batcher.clone();
            let attempt = tokio::spawn(async move { batcher.submit(number).await });
            settle().await;
            if attempt.is_finished() {
                assert_eq!(attempt.await.expect("joined"), Err(SubmitError::Full));
                refused += 1;
            }
        }
        assert!(refused > 0, "the queue of {} never filled", LIMITS.queue_depth_max);
        assert_eq!(gate.batcher.depth(), LIMITS.queue_depth_max);
        gate.permits.add_permits(20);
        for task in waiting {
            assert!(matches!(task.await.expect("joined"), Ok(_) | Err(SubmitError::Full)));
        }
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_changes_nothing() {
        let gate = gate();
        let batcher = gate.batcher.clone();
        let gone = tokio::spawn(async move { batcher.submit(7).await });
        settle().await;
        gone.abort();
        settle().await;
        gate.permits.add_permits(2);
        assert_eq!(gate.batcher.submit(8).await, Ok(16));
        assert_eq!(*gate.trips.lock().expect("lock"), [vec![7], vec![8]]);
    }

    #[tokio::test]
    async fn shutdown_refuses_new_commands_and_answers_the_accepted_ones() {
        let gate = gate();
        let accepted: Vec<_> = (1..=4)
            .map(|number| {
                let batcher = gate.batcher.clone();
                tokio::spawn(async move { batcher.submit(number).await })
            })
            .collect();
        settle().await;
        gate.batcher.shut_down();
        gate.permits.add_permits(8);
        for (number, task) in (1..=4).zip(accepted) {
            assert_eq!(task.await.expect("joined"), Ok(number * 2));
        }
        gate.task.await.expect("ended");
        assert_eq!(gate.batcher.submit(9).await, Err(SubmitError::ShuttingDown));
    }

    #[tokio::test]
    async fn a_trip_that_panics_loses_only_its_own_batch() {
        let (batcher, _task) = Batcher::spawn("test", LIMITS, |commands: Vec<u32>| async move {
            assert!(!commands.contains(&13), "unlucky");
            commands
        });
        assert_eq!(batcher.submit(13).await, Err(SubmitError::Lost));
        assert_eq!(batcher.submit(14).await, Ok(14));
    }
}
