//! Gather, one trip, scatter: the way to everything scarce.
//!
//! Callers put commands into a bounded queue. One task takes whatever has gathered while the last
//! trip was under way, at most [`BatcherLimits::batch_max`], makes one trip (one script call, one
//! transaction) and answers every caller separately. When idle the first command goes at once; while
//! busy, trips begin no closer together than [`BatcherLimits::trip_every`].
//!
//! - A full queue refuses immediately, so overload is a fast answer and never a time-out (P14).
//! - Nobody waits longer than [`BatcherLimits::wait_max`] for a trip to begin, even while another
//!   trip hangs: who waited that long is told so, and the command is not carried out.
//! - Where [`BatcherLimits::skip_abandoned`] says so, a command whose caller has gone before its
//!   trip begins is not carried out.
//! - A trip that finds the store away fails the whole queue with it, and from then on commands are
//!   refused at once, but for one probe every [`BatcherLimits::probe_after`], until one succeeds.
//! - The trip runs in a task of its own: a caller that goes away during the trip cancels nothing,
//!   so no database future is ever dropped half-way.
//! - A trip that panics, or answers the wrong number of commands, loses its own batch only.
//! - Shutdown refuses new commands, makes the trips for all that were accepted, then ends (P16).

mod limits;
mod queue;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

pub use limits::{BatcherLimits, SubmitError, TripError};
use queue::{Batch, Probed, Queue, Reply};

/// The entrance to a batched resource. Cheap to clone.
///
/// `C` is the command, `R` its reply, and `E` says why a trip failed. When the last clone is dropped
/// the batcher ends as after [`Self::shut_down`].
pub struct Batcher<C, R, E> {
    entrance: Arc<Entrance<C, R, E>>,
}

impl<C, R, E> Clone for Batcher<C, R, E> {
    fn clone(&self) -> Self {
        Self { entrance: Arc::clone(&self.entrance) }
    }
}

/// Closes the queue when nobody is left who could submit anything.
struct Entrance<C, R, E> {
    queue: Arc<Queue<C, R, E>>,
}

impl<C, R, E> Drop for Entrance<C, R, E> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl<C, R, E> Batcher<C, R, E>
where
    C: Send + 'static,
    R: Send + 'static,
    E: Clone + Send + 'static,
{
    /// Starts a batcher; `trip` gets the gathered commands and must return one reply for each, in
    /// order, or say why there is none. The handle ends after [`Self::shut_down`], when the last
    /// accepted command is answered.
    ///
    /// `name` labels the metrics `batcher_queue_depth`, `batcher_batch_size`,
    /// `batcher_wait_seconds` and `batcher_not_carried_out_total`.
    ///
    /// # Panics
    ///
    /// If [`BatcherLimits::batch_max`] is zero: nothing would ever be carried out.
    pub fn spawn<F, T>(name: &'static str, limits: BatcherLimits, trip: F) -> (Self, JoinHandle<()>)
    where
        F: FnMut(Vec<C>) -> T + Send + 'static,
        T: Future<Output = Result<Vec<R>, TripError<E>>> + Send + 'static,
    {
        assert!(limits.batch_max > 0, "a batch of {name} holds at least one command");
        let queue = Arc::new(Queue::new(limits));
        let task = tokio::spawn(run(Arc::clone(&queue), Measures::of(name), trip));
        (Self { entrance: Arc::new(Entrance { queue }) }, task)
    }

    /// Queues `command` and waits for its answer.
    ///
    /// Whoever drops the returned future takes the command back only where
    /// [`BatcherLimits::skip_abandoned`] is set and its trip has not begun.
    pub async fn submit(&self, command: C) -> Result<R, SubmitError<E>> {
        let (reply, answer) = oneshot::channel();
        self.entrance.queue.push(command, reply)?;
        answer.await.unwrap_or(Err(SubmitError::Lost))
    }

    /// Commands waiting for a trip right now.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.entrance.queue.depth()
    }

    /// The largest possible [`Self::depth`].
    #[must_use]
    pub fn depth_max(&self) -> usize {
        self.entrance.queue.limits().queue_depth_max
    }

    /// Refuses new commands from now on; the accepted ones are still carried out, within the same
    /// limits as ever.
    pub fn shut_down(&self) {
        self.entrance.queue.close();
    }
}

struct Measures {
    name: &'static str,
    depth: Gauge,
    batch_size: Histogram,
    wait: Histogram,
    shed: Counter,
    abandoned: Counter,
    away: Counter,
}

impl Measures {
    fn of(name: &'static str) -> Self {
        let not_carried_out = |reason: &'static str| counter!("batcher_not_carried_out_total", "batcher" => name, "reason" => reason);
        Self {
            name,
            depth: gauge!("batcher_queue_depth", "batcher" => name),
            batch_size: histogram!("batcher_batch_size", "batcher" => name),
            wait: histogram!("batcher_wait_seconds", "batcher" => name),
            shed: not_carried_out("shed"),
            abandoned: not_carried_out("abandoned"),
            away: not_carried_out("away"),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a queue is far shorter than 2^52")]
    fn took<C, R, E>(&self, batch: &Batch<C, R, E>) {
        self.batch_size.record(batch.jobs.len() as f64);
        self.depth.set(batch.left as f64);
        self.abandoned.increment(batch.abandoned as u64);
        for job in &batch.jobs {
            self.wait.record(job.since.elapsed());
        }
    }
}

async fn run<C, R, E, F, T>(queue: Arc<Queue<C, R, E>>, measures: Measures, mut trip: F)
where
    E: Clone,
    F: FnMut(Vec<C>) -> T,
    T: Future<Output = Result<Vec<R>, TripError<E>>>,
{
    let _end = queue.end_with_task();
    while let Some(batch) = queue.take().await {
        measures.took(&batch);
        refuse_all(batch.shed, &SubmitError::Shed, &measures.shed);
        if batch.jobs.is_empty() {
            continue;
        }
        let next_trip = Instant::now() + queue.limits().trip_every;
        let (commands, replies): (Vec<_>, Vec<_>) =
            batch.jobs.into_iter().map(|job| (job.command, job.reply)).unzip();
        // A panic is caught here, and a missing answer in `scatter`: both lose this batch only.
        let mut under_way = pin!(AssertUnwindSafe(async { trip(commands).await }).catch_unwind());
        let outcome = loop {
            match timeout_at(queue.next_shed(), &mut under_way).await {
                Ok(outcome) => break outcome,
                Err(_elapsed) => refuse_all(queue.shed(), &SubmitError::Shed, &measures.shed),
            }
        };
        scatter(&queue, &measures, replies, outcome);
        pause_until(next_trip).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the distance between trips is a time, not a condition"
)]
async fn pause_until(instant: Instant) {
    sleep_until(instant).await;
}

/// Gives every caller of a batch its own answer, and notes what the trip says of the store.
fn scatter<C, R, E: Clone>(
    queue: &Queue<C, R, E>,
    measures: &Measures,
    replies: Vec<Reply<R, E>>,
    outcome: std::thread::Result<Result<Vec<R>, TripError<E>>>,
) {
    match outcome {
        Ok(Ok(answers)) if answers.len() == replies.len() => {
            queue.probed(Probed::Present);
            for (reply, answer) in replies.into_iter().zip(answers) {
                // The caller may have gone away; its command is carried out all the same.
                let _gone = reply.send(Ok(answer));
            }
        }
        Ok(Err(TripError::Failed(error))) => {
            queue.probed(Probed::Present);
            refuse_all(replies, &SubmitError::Failed(error), &Counter::noop());
        }
        Ok(Err(TripError::Away(error))) => {
            let waiting = queue.away();
            refuse_all(replies, &SubmitError::Failed(error), &Counter::noop());
            refuse_all(waiting, &SubmitError::Away, &measures.away);
        }
        // Dropping the replies tells the callers that theirs is lost.
        Ok(Ok(answers)) => {
            queue.probed(Probed::Unknown);
            tracing::error!(
                batcher = measures.name,
                commands = replies.len(),
                answers = answers.len(),
                "a trip must bring one answer for each command; the batch is lost"
            );
        }
        Err(_panic) => {
            queue.probed(Probed::Unknown);
            tracing::error!(batcher = measures.name, "a trip panicked; the batch is lost");
        }
    }
}

fn refuse_all<R, E: Clone>(replies: Vec<Reply<R, E>>, refusal: &SubmitError<E>, counted: &Counter) {
    counted.increment(replies.len() as u64);
    for reply in replies {
        let _gone = reply.send(Err(refusal.clone()));
    }
}
