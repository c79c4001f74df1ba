//! One room in one instance: what it remembers, its view, and the trips to the store.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::{Clock, Stopwatch, SyncedClock, Timestamp};

use crate::draw::DrawKey;
use crate::line::ticket::Ticket;
use crate::line::traces::Traces;
use crate::line::{Position, bridge};
use crate::memory::digest::Digest;
use crate::memory::{Frozen, Memory};
use crate::schedule::Schedule;
use crate::settings::{RoomId, RoomSettings};
use crate::state::RoomState;
use crate::store::{Ask, Call, Freeze, Reading, Result, RoomStore, RoomStoreError};
use crate::view::RoomView;

/// How long a store that has lost something issues no entries: every instance renews its views more
/// often than that, and so has added what it knows before new entries are issued.
pub const QUIET_AFTER_LOSS: Duration = Duration::from_secs(2);

/// A boundary is looked for often from this long before it is due.
const DUE_SOON: Duration = Duration::from_secs(5);

pub(crate) struct Room {
    settings: Arc<RoomSettings>,
    pub(super) store: Arc<dyn RoomStore>,
    pub(super) clock: Arc<SyncedClock>,
    draw_key: DrawKey,
    /// What this instance knows for certain: from its readings, its own trips, and tickets.
    memory: Mutex<Memory>,
    /// What tickets prove of boundaries that nobody remembers.
    traces: Mutex<Traces>,
    view: ArcSwap<RoomView>,
    generation: AtomicU64,
    /// When the view was last read from the store, in milliseconds on `watch`.
    read_at_ms: AtomicU64,
    watch: Stopwatch,
    /// Somebody did something since the last reading, so the view is worth renewing soon.
    is_stirred: AtomicBool,
    /// A new line has begun under this name, or the room was removed.
    is_over: AtomicBool,
    /// One renewal at a time.
    is_renewing: AtomicBool,
}

/// A renewal that is under way, until it is dropped.
pub(super) struct Renewing<'a>(&'a AtomicBool);

impl Drop for Renewing<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Room {
    /// Takes up a room that was read for the first time.
    pub(super) fn open(
        settings: RoomSettings,
        store: Arc<dyn RoomStore>,
        clock: Arc<SyncedClock>,
        draw_key: DrawKey,
        reading: Reading,
    ) -> Self {
        let settings = Arc::new(settings);
        let Reading { now, state } = reading;
        let memory = Mutex::new(state.memory.clone());
        let view = RoomView::new(Arc::clone(&settings), &draw_key, state, now, 0);
        Self {
            settings,
            store,
            clock,
            draw_key,
            memory,
            traces: Mutex::default(),
            view: ArcSwap::from_pointee(view),
            generation: AtomicU64::new(0),
            read_at_ms: AtomicU64::new(0),
            watch: Stopwatch::start(),
            is_stirred: AtomicBool::new(true),
            is_over: AtomicBool::new(false),
            is_renewing: AtomicBool::new(false),
        }
    }

    pub(crate) fn id(&self) -> &RoomId {
        &self.settings.room
    }

    pub(crate) fn settings(&self) -> &RoomSettings {
        &self.settings
    }

    pub(crate) fn view(&self) -> arc_swap::Guard<Arc<RoomView>> {
        self.view.load()
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Notes that the room is over, as an operator says.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Begins a renewal, unless one is under way.
    pub(super) fn begin_renewal(&self) -> Option<Renewing<'_>> {
        let was_renewing = self.is_renewing.swap(true, Ordering::Acquire);
        (!was_renewing).then(|| Renewing(&self.is_renewing))
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        // Merging does not panic half-way through a change.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn traces(&self) -> MutexGuard<'_, Traces> {
        self.traces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.memory())
    }

    pub(super) fn stir(&self) {
        self.is_stirred.store(true, Ordering::Relaxed);
    }

    /// A valid ticket proves what it says, whatever the store remembers (P12). Costs a comparison
    /// unless the ticket brings news.
    pub(super) fn saw(&self, ticket: &Ticket) {
        let view = self.view.load();
        let known = &view.state.memory;
        let is_known = ticket.entry < known.entered[ticket.lane]
            && ticket.epoch <= known.epoch
            && ticket.block.is_none_or(|block| {
                block.boundaries().iter().all(|(index, frozen)| {
                    known.frozen.get(index).is_some_and(|known| known <= frozen)
                })
            });
        if !is_known {
            self.learn(ticket);
        }
        let behind = view.line.behind(ticket);
        if !behind.is_empty() {
            self.traces().note(ticket, behind);
        }
        if ticket.is_called {
            self.saw_called(ticket);
        }
    }

    fn learn(&self, ticket: &Ticket) {
        let is_news = {
            let mut memory = self.memory();
            let before = memory.clone();
            memory.epoch = memory.epoch.max(ticket.epoch);
            memory.saw_entry(ticket.lane, ticket.entry);
            for (index, frozen) in ticket.block.iter().flat_map(crate::line::Block::boundaries) {
                memory.saw_boundary(index, frozen);
            }
            *memory != before
        };
        if is_news {
            self.show_news();
        }
    }

    /// Whoever was called stays called, also by a gate that has forgotten it.
    fn saw_called(&self, ticket: &Ticket) {
        let view = Arc::clone(&self.view.load());
        let Position::Place(place) = view.line.position(ticket) else { return };
        let block = view.line.draw_of(ticket).map(|draw| draw.block);
        // A mark from before the draw says nothing of the place that it gave.
        if block == ticket.block && place >= view.state.memory.called[ticket.lane] {
            {
                let mut memory = self.memory();
                memory.called[ticket.lane] = memory.called[ticket.lane].max(place + 1);
            }
            self.show_news();
        }
    }

    /// Shows what this instance has learnt, and has the store told of it soon.
    fn show_news(&self) {
        self.stir();
        let view = Arc::clone(&self.view.load());
        self.show(view.state.clone(), view.as_of.max(self.clock.now()));
    }

    /// Whether the view should be renewed at every tick: something moves, or soon will.
    pub(super) fn is_hot(&self) -> bool {
        let view = self.view.load();
        let now = self.clock.now();
        let next = view.schedule.boundary(view.line.next_boundary());
        let is_due_soon = next.is_some_and(|due| due.at <= now.plus(DUE_SOON));
        self.is_stirred.swap(false, Ordering::Relaxed)
            || is_due_soon
            || now < view.state.quiet_until.plus(DUE_SOON)
            || view.state.active > 0
            || view.people_waiting() > 0 && now < self.settings.closes_at
    }

    /// What to ask the store at the next renewal.
    pub(super) fn ask(&self) -> Ask {
        ask(&self.settings, Some(self.digest()))
    }

    /// Takes what the store answered to a renewal, and does what follows from it: freezes what is due,
    /// and moves the gate.
    pub(super) async fn renewed(&self, answer: Result<Reading>) -> Result<()> {
        let mut reading = match answer {
            Err(RoomStoreError::Behind(_)) => self.heal().await?,
            other => self.noted(other)?,
        };
        let mut view = self.take(&reading);
        let mut tried = None;
        while let Some(freeze) = self.due(&reading) {
            // A store that does not freeze it now, for a reason that it alone knows, is asked again next time.
            let trying = (freeze.index, reading.state.memory.live.version);
            if tried.replace(trying) == Some(trying) {
                break;
            }
            let frozen = self.store.freeze(self.id(), &self.digest(), freeze).await;
            reading = match frozen {
                Err(RoomStoreError::Behind(_)) => self.heal().await?,
                other => {
                    self.noted(other)?;
                    self.read().await?
                }
            };
            view = self.take(&reading);
        }
        let Some(call) = view.decide().call else { return Ok(()) };
        let is_done = self.store.call(self.id(), &self.digest(), &call).await;
        if self.noted(is_done)? {
            self.show_called(reading, call);
        }
        Ok(())
    }

    /// The boundary to freeze now, after gaps were bridged that nobody remembers.
    fn due(&self, reading: &Reading) -> Option<Freeze> {
        let Reading { now, state } = reading;
        let is_quiet = *now < state.quiet_until;
        let mut memory = self.memory();
        let schedule =
            |memory: &Memory| Schedule::new(&self.settings, &memory.live, &memory.frozen);
        let mut traces = self.traces();
        traces.forget_known(&memory);
        traces.forget_moved(&schedule(&memory));
        loop {
            let restored = traces.restored(&memory, *now);
            // What is certain need not be listened for: that a boundary is wrong, or that before the first gathering
            // nobody came.
            let is_certain = |(index, _): &(u16, Frozen)| {
                !is_quiet || *index == 0 || memory.frozen.contains_key(index)
            };
            let restored = restored.or_else(|| bridge(&memory, *now)).filter(is_certain);
            let Some((index, frozen)) = restored else { break };
            memory.saw_boundary(index, frozen);
        }
        if is_quiet {
            return None;
        }
        let index = memory.next_boundary();
        let schedule = schedule(&memory);
        let due = schedule.boundary(index).filter(|due| due.at <= *now)?;
        let next_due_at = schedule.boundary(index + 1).map(|next| next.at);
        Some(Freeze { index, due_at: due.at, next_due_at })
    }

    async fn read(&self) -> Result<Reading> {
        let asks = [self.ask()];
        let answer = self.store.read(&asks).await?.pop();
        let missing = || RoomStoreError::Unusable("one question got no answer".into());
        match answer.ok_or_else(missing)? {
            Err(RoomStoreError::Behind(_)) => self.heal().await,
            other => self.noted(other),
        }
    }

    /// Gives the store the memory that it lacks. There is no other way to heal.
    pub(super) async fn heal(&self) -> Result<Reading> {
        tracing::warn!(room = %self.id(), "the store knows less than this instance; healing it");
        metrics::counter!("room_heals_total", "room" => self.id().to_string()).increment(1);
        let memory = self.memory().clone();
        let healed = self.store.merge(&self.settings, &memory, QUIET_AFTER_LOSS).await;
        let reading = self.noted(healed)?;
        self.take(&reading);
        self.stir();
        Ok(reading)
    }

    /// Freezes what is due, now rather than at the next renewal.
    pub(super) async fn renew(&self) -> Result<()> {
        let asks = [self.ask()];
        let answer = self.store.read(&asks).await?.pop();
        match answer {
            Some(answer) => self.renewed(answer).await,
            None => Err(RoomStoreError::Unusable("one question got no answer".into())),
        }
    }

    /// Has the store do something with what this instance knows; once more after healing it, if it has forgotten
    /// something.
    pub(super) async fn ask_store<T, F: Future<Output = Result<T>>>(
        &self,
        ask: impl Fn(Digest) -> F,
    ) -> Result<T> {
        let mut answer = ask(self.digest()).await;
        if matches!(answer, Err(RoomStoreError::Behind(_))) {
            self.heal().await?;
            answer = ask(self.digest()).await;
        }
        self.noted(answer)
    }

    /// Remembers that the room is over, if the answer says so.
    pub(super) fn noted<T>(&self, answer: Result<T>) -> Result<T> {
        if matches!(answer, Err(RoomStoreError::Replaced(_))) {
            self.end();
        }
        answer
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.watch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How old the view is: the time since the store last answered.
    pub(super) fn view_age(&self) -> Duration {
        let read_at_ms = self.read_at_ms.load(Ordering::Relaxed);
        Duration::from_millis(self.elapsed_ms().saturating_sub(read_at_ms))
    }

    fn take(&self, reading: &Reading) -> Arc<RoomView> {
        self.read_at_ms.store(self.elapsed_ms(), Ordering::Relaxed);
        self.show(reading.state.clone(), reading.now)
    }

    fn show_called(&self, reading: Reading, call: Call) {
        let Reading { now, mut state } = reading;
        state.memory.called = state.memory.called.zip(&call.called, u64::max);
        state.allowance = call.ledger.allowance.unwrap_or(state.memory.live.max_active);
        state.ledger = call.ledger;
        state.express = call.express;
        self.show(state, now);
    }

    /// Replaces the view. What this instance knows besides stays known.
    pub(super) fn show(&self, mut state: RoomState, now: Timestamp) -> Arc<RoomView> {
        {
            let mut memory = self.memory();
            memory.learn(&state.memory);
            state.memory = memory.clone();
        }
        let generation = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        let settings = Arc::clone(&self.settings);
        let view = Arc::new(RoomView::new(settings, &self.draw_key, state, now, generation));
        self.view.rcu(|shown| {
            let is_newer = shown.generation < view.generation;
            if is_newer { Arc::clone(&view) } else { Arc::clone(shown) }
        });
        view
    }

    /// The clock still moves the phase while the store is away (P13).
    pub(super) fn show_time(&self) {
        let state = self.view.load().state.clone();
        self.show(state, self.clock.now());
    }
}

/// The question for the state of the room with these settings.
pub(crate) fn ask(settings: &RoomSettings, digest: Option<Digest>) -> Ask {
    Ask {
        room: settings.room.clone(),
        digest,
        claim_window: Duration::from_secs(settings.gate.claim_window_s.into()),
        listening: settings.listening_time(),
    }
}
