//! Tells other systems what happens to rooms, by webhooks, until it is stopped.
//!
//! Each instance of the waiting room has a worker, and all see the same. What there is to tell lies in the room's store
//! ([`waiting_room::notice`]), where the first one notes it, and lends each notice to one worker at a time. So a
//! message is sent twice only where somebody died, froze or lost the store between sending it and noting that, and
//! then it is the same message (P19). While the store itself is silent nobody can note that: each worker tells it.

mod silence;
mod telling;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use kernel::{Entropy, Slug, Timestamp};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;
use waiting_room::memory::digest::Digest;
use waiting_room::notice::{Notices, Watch};
use waiting_room::store::Result;
use waiting_room::view::{Phase, RoomView};
use waiting_room::{RoomId, RoomStore, WaitingRoom};
use webhook::{Endpoint, Sender};

/// Rooms that are looked at at once.
const ROOMS_AT_ONCE: usize = 16;

/// What others have noted is read so often: whether somebody who was telling something has not come back.
const READ_EVERY: Duration = Duration::from_secs(30);

/// What a worker works with.
#[derive(Clone)]
pub struct Desk {
    /// The rooms as this instance sees them.
    pub rooms: Arc<WaitingRoom>,
    /// Where it is noted what there is to tell.
    pub store: Arc<dyn RoomStore>,
    /// The spread of retries.
    pub entropy: Arc<dyn Entropy>,
    /// The time between two looks at all rooms.
    pub every: Duration,
    /// After how long without an answer the store is silent: see [`waiting_room::notice::SILENT_AFTER`].
    pub silent_after: Duration,
}

/// One endpoint, and the way to it.
pub struct Receiver {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The way to it.
    pub sender: Sender,
}

impl Receiver {
    fn wants(&self, room: &RoomId, event: &str) -> bool {
        let campaigns = &self.endpoint.campaigns;
        self.endpoint.wants(event) && (campaigns.is_empty() || campaigns.contains(room))
    }
}

/// A running worker.
pub struct Worker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts it.
    #[must_use]
    pub fn start(desk: Desk, receivers: Vec<Receiver>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let names = receivers.iter().map(|receiver| receiver.endpoint.name.clone()).collect();
        let running = Running {
            shared: Arc::new(Shared { desk, receivers, names, stopped: stopped.clone() }),
            known: HashMap::new(),
            telling: JoinSet::new(),
        };
        Self { stop, task: tokio::spawn(running.run(stopped)) }
    }

    /// Ends it after the messages that are under way.
    pub async fn finish(self) {
        self.stop.send_replace(true);
        if self.task.await.is_err() {
            tracing::error!("the worker of the rooms' webhooks has ended in a panic");
        }
    }

    /// Ends it wherever it is, as a power cut would.
    pub fn kill(self) {
        self.task.abort();
    }
}

/// What the tasks of a worker share.
struct Shared {
    desk: Desk,
    receivers: Vec<Receiver>,
    names: Vec<Slug>,
    stopped: watch::Receiver<bool>,
}

struct Running {
    shared: Arc<Shared>,
    known: HashMap<RoomId, Known>,
    telling: JoinSet<()>,
}

/// What the worker knows of one room.
#[derive(Default)]
struct Known {
    incarnation: u32,
    watch: Watch,
    notices: Option<Notices>,
    read_at: Option<Timestamp>,
    /// Since when the store is, or was, silent, as this worker has told.
    silent_since: Option<Timestamp>,
}

/// What one look at a room came to.
struct Looked {
    known: Known,
    /// What is to be told now.
    due: Vec<telling::Due>,
    is_silent_anew: bool,
}

impl Running {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(self.shared.desk.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !*stopped.borrow() {
            tokio::select! {
                _ = ticks.tick() => self.look_at_all().await,
                _ = stopped.changed() => break,
            }
        }
        while self.telling.join_next().await.is_some() {}
    }

    async fn look_at_all(&mut self) {
        while self.telling.try_join_next().is_some() {}
        let mut before = std::mem::take(&mut self.known);
        let rooms = self.shared.desk.rooms.views().into_iter().map(|view| {
            let known = before.remove(&view.settings.room).unwrap_or_default();
            (view, known)
        });
        let rooms: Vec<_> = rooms.collect();
        let looked: Vec<(Arc<RoomView>, Looked)> = stream::iter(rooms)
            .map(|(view, known)| {
                let shared = Arc::clone(&self.shared);
                async move {
                    let looked = look(&shared, &view, known).await;
                    (view, looked)
                }
            })
            .buffer_unordered(ROOMS_AT_ONCE)
            .collect()
            .await;
        for (view, Looked { known, due, is_silent_anew }) in looked {
            if let Some(since) = known.silent_since.filter(|_| is_silent_anew) {
                let shared = Arc::clone(&self.shared);
                self.telling.spawn(silence::tell(shared, Arc::clone(&view), since));
            }
            for due in due {
                let shared = Arc::clone(&self.shared);
                self.telling.spawn(telling::tell(shared, Arc::clone(&view), due));
            }
            self.known.insert(view.settings.room.clone(), known);
        }
    }
}

async fn look(shared: &Shared, view: &RoomView, mut known: Known) -> Looked {
    if known.incarnation != view.settings.incarnation {
        known = Known { incarnation: view.settings.incarnation, ..Known::default() };
    }
    let silence = shared.desk.rooms.silence(view.settings.room.as_str()).unwrap_or_default();
    if silence >= shared.desk.silent_after {
        let is_silent_anew = known.silent_since.is_none() && view.phase != Phase::Closed;
        if is_silent_anew {
            known.silent_since = Some(shared.desk.rooms.now().minus(silence));
        }
        return Looked { known, due: Vec::new(), is_silent_anew };
    }
    let due = match note(shared, view, &mut known).await {
        Ok(()) => telling::lend(shared, view, &mut known).await,
        Err(error) => Err(error),
    };
    let due = due.unwrap_or_else(|error| {
        // What follows from it is told elsewhere; here it only takes longer.
        tracing::debug!(room = %view.settings.room, %error, "nothing could be noted");
        known.notices = None;
        Vec::new()
    });
    Looked { known, due, is_silent_anew: false }
}

/// Notes what has changed, unless another worker has.
async fn note(shared: &Shared, view: &RoomView, known: &mut Known) -> Result<()> {
    let (desk, room) = (&shared.desk, &view.settings.room);
    let seen = known.watch.look(view);
    let now = desk.rooms.now();
    let is_old = known.read_at.is_none_or(|at| now >= at.plus(READ_EVERY));
    if is_old || known.notices.as_ref().is_none_or(|notices| telling::waits(shared, room, notices))
    {
        known.notices = desk.store.notices(room).await?;
        known.read_at = Some(now);
    }
    let next = match &known.notices {
        None => Some(Notices::begin(seen, &shared.names, now)),
        Some(notices) => notices.noted(&seen, known.silent_since, &shared.names, now),
    };
    let is_first = known.notices.is_none();
    match next {
        // Somebody else was first: what they noted is read at the next look.
        Some(next) if !set(desk, view, &next).await? => known.notices = None,
        Some(next) => {
            known.notices = Some(next);
            known.silent_since = known.silent_since.filter(|_| is_first);
        }
        None => known.silent_since = None,
    }
    Ok(())
}

async fn set(desk: &Desk, view: &RoomView, notices: &Notices) -> Result<bool> {
    let digest = Digest::of(&view.state.memory);
    desk.store.set_notices(&view.settings.room, &digest, notices).await
}
