//! One room in one instance: its view, and the trips to the store on behalf of many citizens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::{Clock, SyncedClock, Timestamp};
use pass::PassId;
use tokio::sync::Mutex;

use crate::draw::DrawKey;
use crate::line::boundary;
use crate::settings::{RoomId, RoomSettings};
use crate::state::{Floor, RoomState};
use crate::store::{
    AdmissionLimits, Arrivals, Express, FreezeAt, Reading, Redeemed, Redemption, Result, RoomStore,
    RoomStoreError,
};
use crate::view::RoomView;

/// After a restoration no entries are issued for this long: every instance renews its view at least
/// this often, and so has raised the counters to what it has seen before new entries are issued.
const QUIET_AFTER_RESTORATION: Duration = Duration::from_secs(2);

/// What one arrival got.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub epoch: u32,
    pub entry: u64,
    /// When its pass expires, if it was admitted at once.
    pub admitted_until: Option<Timestamp>,
}

pub(crate) struct Room {
    settings: Arc<RoomSettings>,
    store: Arc<dyn RoomStore>,
    clock: Arc<SyncedClock>,
    draw_key: DrawKey,
    view: ArcSwap<RoomView>,
    /// The entries this instance knows to be issued: from its own joins, its readings, and tickets.
    entered_seen: AtomicU64,
    renewing: Mutex<()>,
}

impl Room {
    /// Reads the room for the first time.
    pub(crate) async fn open(
        settings: RoomSettings,
        store: Arc<dyn RoomStore>,
        clock: Arc<SyncedClock>,
        draw_key: DrawKey,
    ) -> Result<Self> {
        let settings = Arc::new(settings);
        for (index, opening) in settings.openings.iter().enumerate() {
            if draw_key.secret(&settings.room, index).commitment() != opening.commitment {
                return Err(RoomStoreError::Unusable(format!(
                    "room {} was created under another draw key: its published commitments cannot \
                     be kept with the configured one",
                    settings.room
                )));
            }
        }
        let view = RoomView::new(Arc::clone(&settings), RoomState::empty(), clock.now(), 0);
        let room = Self {
            settings,
            store,
            clock,
            draw_key,
            view: ArcSwap::from_pointee(view),
            entered_seen: AtomicU64::new(0),
            renewing: Mutex::new(()),
        };
        room.renew().await?;
        Ok(room)
    }

    pub(crate) fn id(&self) -> &RoomId {
        &self.settings.room
    }

    pub(crate) fn view(&self) -> arc_swap::Guard<Arc<RoomView>> {
        self.view.load()
    }

    /// A valid ticket proves that its entry was issued, whatever the store remembers (P12).
    pub(crate) fn saw_entry(&self, entry: u64) {
        if entry >= self.view.load().state.entered {
            self.entered_seen.fetch_max(entry + 1, Ordering::Relaxed);
        }
    }

    /// Renews the view: reads the state, freezes boundaries that are due, and moves the gate.
    pub(crate) async fn renew(&self) -> Result<()> {
        let _one_at_a_time = self.renewing.lock().await;
        let result = self.renew_from_store().await;
        if result.is_err() {
            // Polls go on while the store is down: the clock still moves the phase (P13).
            let known = self.view.load().state.clone();
            self.show(known, self.clock.now());
        }
        result
    }

    async fn renew_from_store(&self) -> Result<()> {
        let mut reading = self.read().await?;
        while let Some(due) = boundary(&self.settings, reading.state.frozen.len())
            && due.at <= reading.now
        {
            let secret = due.draws.map(|opening| self.draw_key.secret(self.id(), opening));
            let freeze_at = FreezeAt { now: reading.now, secret };
            self.store.freeze(self.id(), due.index, freeze_at).await?;
            reading = self.read().await?;
        }
        let Reading { now, mut state } = reading;
        let view = self.show(state.clone(), now);
        let decision = view.decide(now);
        if let Some(ledger) = decision.ledger
            && self.store.call(self.id(), decision.call_to, &ledger).await?
        {
            state.called = state.called.max(decision.call_to);
            state.ledger = ledger;
            self.show(state, now);
        }
        Ok(())
    }

    async fn read(&self) -> Result<Reading> {
        let floor = self.floor();
        let reading = match self.store.sync(self.id(), floor).await? {
            Some(reading) => reading,
            None => self.restore(floor).await?,
        };
        self.clock.observe(reading.now);
        self.entered_seen.fetch_max(reading.state.entered, Ordering::Relaxed);
        Ok(reading)
    }

    async fn restore(&self, floor: Floor) -> Result<Reading> {
        tracing::warn!(room = %self.id(), "the store has forgotten the room; restoring it from memory");
        let mut memory = self.view.load().state.clone();
        memory.entered = memory.entered.max(floor.entered);
        let joins_from = self.clock.now().plus(QUIET_AFTER_RESTORATION);
        self.store.restore(&self.settings, &memory, joins_from).await?;
        let restored = self.store.sync(self.id(), floor).await?;
        restored.ok_or_else(|| RoomStoreError::Forgotten(self.id().clone()))
    }

    /// Replaces the view. What this instance has seen called stays called.
    fn show(&self, mut state: RoomState, now: Timestamp) -> Arc<RoomView> {
        let known = self.view.load();
        state.called = state.called.max(known.state.called);
        let generation = known.generation + 1;
        let view = Arc::new(RoomView::new(Arc::clone(&self.settings), state, now, generation));
        self.view.store(Arc::clone(&view));
        view
    }

    /// Notes admissions on arrival without reading the store again.
    fn show_admitted(&self, called: u64, count: u32, now: Timestamp) {
        let mut state = self.view.load().state.clone();
        state.called = state.called.max(called);
        state.entered = state.entered.max(called);
        state.active += count;
        state.redeemed_in_claim_window += u64::from(count);
        self.show(state, now);
    }

    fn floor(&self) -> Floor {
        Floor {
            entered: self.entered_seen.load(Ordering::Relaxed),
            called: self.view.load().state.called,
        }
    }

    fn limits(&self, now: Timestamp) -> AdmissionLimits {
        AdmissionLimits {
            max_active: self.settings.gate.max_active,
            pace: crate::pace::Pace::of(&self.settings.gate),
            expires_at: Timestamp::from_unix_s(now.unix_s() + i64::from(self.settings.pass.ttl_s)),
        }
    }

    /// One trip for a batch of arrivals.
    pub(crate) async fn join(&self, pass_ids: &[PassId]) -> Result<Vec<Arrived>> {
        let now = self.clock.now();
        let known = self.view.load().line.boundaries();
        if boundary(&self.settings, known).is_some_and(|due| due.at <= now) {
            // Who comes after an opening must not get into its draw.
            self.renew().await?;
        }
        let arrivals = self.arrivals(pass_ids, now);
        let entries = self.store.join(self.id(), &arrivals, now).await?;
        let count = pass_ids.len() as u64;
        self.entered_seen.fetch_max(entries.first + count, Ordering::Relaxed);
        if entries.boundaries > self.view.load().line.boundaries() {
            self.renew().await?;
        } else if entries.admitted > 0 {
            self.show_admitted(entries.first + u64::from(entries.admitted), entries.admitted, now);
        }
        let expires_at = arrivals.express.map(|express| express.limits.expires_at);
        let admitted = u64::from(entries.admitted);
        Ok((0..count)
            .map(|number| Arrived {
                epoch: entries.epoch,
                entry: entries.first + number,
                admitted_until: expires_at.filter(|_| number < admitted),
            })
            .collect())
    }

    fn arrivals(&self, pass_ids: &[PassId], now: Timestamp) -> Arrivals {
        let view = self.view.load();
        let count = u32::try_from(pass_ids.len()).expect("a batch is small");
        let express = view.express_max.min(count) as usize;
        Arrivals {
            count,
            floor: self.floor(),
            express: (express > 0).then(|| Express {
                pass_ids: pass_ids[..express].to_vec(),
                boundaries: view.line.boundaries(),
                limits: self.limits(now),
            }),
        }
    }

    /// One trip for a batch of redemptions.
    pub(crate) async fn redeem(&self, redemptions: &[Redemption]) -> Result<Vec<Redeemed>> {
        let now = self.clock.now();
        self.store.redeem(self.id(), redemptions, &self.limits(now), now).await
    }
}
