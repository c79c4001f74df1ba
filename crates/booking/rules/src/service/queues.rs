//! The queues in front of the store: one for each campaign, so that a campaign that is locked,
//! broken or overrun takes no other with it (P20).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kernel::{Batcher, BatcherLimits, CampaignId, Clock, SyncedClock};
use tokio::task::JoinHandle;

use super::trip::{Answer, Trips};
use super::{BookingsLimits, Failure};
use crate::batch::{Command, Outcome};

type Queue = Batcher<Command, Answer, Failure>;

/// The queues of one process.
pub(super) struct Queues {
    trips: Arc<Trips>,
    clock: Arc<SyncedClock>,
    limits: BookingsLimits,
    /// For campaigns that the view does not have. Their commands come one by one, so that here too a
    /// batch is of one campaign.
    unknown: Queue,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    queues: HashMap<CampaignId, Queue>,
    /// Those of closed queues as well, until they end.
    tasks: Vec<JoinHandle<()>>,
    is_closed: bool,
}

impl Queues {
    pub(super) fn new(trips: Trips, clock: Arc<SyncedClock>, limits: BookingsLimits) -> Self {
        let trips = Arc::new(trips);
        let (unknown, task) = start(&trips, &clock, limits, 1);
        let known = Known { tasks: vec![task], ..Known::default() };
        Self { trips, clock, limits, unknown, known: RwLock::new(known) }
    }

    /// Queues a command and waits for its outcome.
    pub(super) async fn submit(&self, command: Command) -> Result<Outcome, Failure> {
        let queue = self.of(command.campaign());
        queue.submit(command).await?
    }

    /// Commands of a campaign that wait for a batch.
    pub(super) fn depth(&self, campaign: &CampaignId) -> usize {
        self.of(campaign).depth()
    }

    /// Commands of one campaign that may wait at most.
    pub(super) fn depth_max(&self) -> usize {
        self.limits.queue_depth_max
    }

    /// Has a queue for each of these campaigns and for no other. What is in a queue that is closed
    /// is still carried out.
    pub(super) fn keep<'a>(&self, campaigns: impl Iterator<Item = &'a CampaignId> + Clone) {
        let is_same = {
            let known = self.known();
            known.is_closed
                || campaigns.clone().count() == known.queues.len()
                    && campaigns.clone().all(|campaign| known.queues.contains_key(campaign))
        };
        if is_same {
            return;
        }
        let mut known = self.change();
        known.tasks.retain(|task| !task.is_finished());
        let mut earlier = std::mem::take(&mut known.queues);
        for campaign in campaigns {
            let queue = earlier.remove(campaign).unwrap_or_else(|| {
                let batch_max = self.limits.batch_max;
                let (queue, task) = start(&self.trips, &self.clock, self.limits, batch_max);
                known.tasks.push(task);
                queue
            });
            known.queues.insert(campaign.clone(), queue);
        }
    }

    /// Refuses new commands from now on. The accepted ones are carried out.
    pub(super) fn shut_down(&self) {
        let mut known = self.change();
        known.is_closed = true;
        self.unknown.shut_down();
        for queue in known.queues.values() {
            queue.shut_down();
        }
    }

    /// Waits until every accepted command is answered.
    pub(super) async fn finished(&self) {
        let tasks = std::mem::take(&mut self.change().tasks);
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a queue of the bookings ended abnormally");
            }
        }
    }

    fn of(&self, campaign: &CampaignId) -> Queue {
        self.known().queues.get(campaign).unwrap_or(&self.unknown).clone()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(
    trips: &Arc<Trips>,
    clock: &Arc<SyncedClock>,
    limits: BookingsLimits,
    batch_max: usize,
) -> (Queue, JoinHandle<()>) {
    let limits = BatcherLimits {
        // Whoever has sent a booking off may rely on it, though the connection broke.
        skip_abandoned: false,
        ..BatcherLimits::new(limits.queue_depth_max, batch_max)
    };
    let (trips, clock) = (Arc::clone(trips), Arc::clone(clock));
    Batcher::spawn("bookings", limits, move |commands| {
        Arc::clone(&trips).trip(clock.now(), commands)
    })
}
