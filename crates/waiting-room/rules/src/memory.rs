//! The embedded room store: one process, nothing kept after it ends. Also the model of all others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::{Clock, Timestamp};
use pass::PassId;

use crate::gate::Ledger;
use crate::settings::{RoomId, RoomSettings};
use crate::state::{Floor, RoomState};
use crate::store::{
    AdmissionLimits, Arrivals, Created, Entries, FreezeAt, Reading, Redeemed, Redemption, Result,
    RoomStore, RoomStoreError, Signals,
};

/// Rooms in the memory of this process.
pub struct MemoryRoomStore {
    clock: Arc<dyn Clock>,
    rooms: Mutex<BTreeMap<RoomId, Room>>,
}

struct Room {
    settings: RoomSettings,
    /// `active` and `redeemed_in_claim_window` are counted when the state is read.
    state: RoomState,
    joins_from: Timestamp,
    redeemed: BTreeSet<u64>,
    active: BTreeMap<PassId, Timestamp>,
}

impl MemoryRoomStore {
    /// A store without rooms, on this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, rooms: Mutex::default() }
    }

    /// Forgets a room, as a store does that lost its data: for tests.
    pub fn forget(&self, room: &RoomId) {
        self.lock().remove(room);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomId, Room>> {
        // Operations do not panic half-way through a change, so a poisoned state is still consistent.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, room: &RoomId, operation: impl FnOnce(&mut Room) -> Result<T>) -> Result<T> {
        let mut rooms = self.lock();
        let room = rooms.get_mut(room).ok_or_else(|| RoomStoreError::Forgotten(room.clone()))?;
        operation(room)
    }
}

impl Room {
    fn new(settings: &RoomSettings, state: RoomState, joins_from: Timestamp) -> Self {
        Self {
            settings: settings.clone(),
            state,
            joins_from,
            redeemed: BTreeSet::new(),
            active: BTreeMap::new(),
        }
    }

    fn raise(&mut self, floor: Floor) {
        self.state.entered = self.state.entered.max(floor.entered);
        self.state.called = self.state.called.max(floor.called);
    }

    fn read(&self, now: Timestamp) -> RoomState {
        let active = self.active.values().filter(|&&expires_at| expires_at > now).count();
        let claim_from = self.state.ledger.claim_from;
        let redeemed = if claim_from < self.state.called {
            self.redeemed.range(claim_from..self.state.called).count()
        } else {
            0
        };
        RoomState {
            active: u32::try_from(active).unwrap_or(u32::MAX),
            redeemed_in_claim_window: redeemed as u64,
            ..self.state.clone()
        }
    }

    /// Admits one pass if the limits allow it.
    fn admit(
        &mut self,
        redemption: Redemption,
        limits: &AdmissionLimits,
        now: Timestamp,
    ) -> Redeemed {
        let Redemption { place, pass_id } = redemption;
        if let Some(&expires_at) = self.active.get(&pass_id)
            && expires_at > now
        {
            return Redeemed::Admitted { expires_at };
        }
        if self.redeemed.contains(&place) {
            return Redeemed::Used;
        }
        self.active.retain(|_, expires_at| *expires_at > now);
        let has_room = self.active.len() < limits.max_active as usize;
        if !has_room || limits.pace.permits(self.state.admission_tat_us, now) == 0 {
            return Redeemed::Busy;
        }
        self.state.admission_tat_us = limits.pace.after(self.state.admission_tat_us, now, 1);
        self.redeemed.insert(place);
        self.active.insert(pass_id, limits.expires_at);
        Redeemed::Admitted { expires_at: limits.expires_at }
    }

    fn admit_express(&mut self, arrivals: &Arrivals, first: u64, now: Timestamp) -> u32 {
        let Some(express) = &arrivals.express else { return 0 };
        if self.state.frozen.len() != express.boundaries || self.state.called < first {
            return 0;
        }
        let mut admitted = 0;
        for (place, &pass_id) in (first..).zip(&express.pass_ids) {
            let answer = self.admit(Redemption { place, pass_id }, &express.limits, now);
            if !matches!(answer, Redeemed::Admitted { .. }) {
                break;
            }
            self.state.called = self.state.called.max(place + 1);
            admitted += 1;
        }
        admitted
    }
}

#[async_trait]
impl RoomStore for MemoryRoomStore {
    async fn create(&self, settings: &RoomSettings) -> Result<Created> {
        let mut rooms = self.lock();
        Ok(match rooms.get(&settings.room) {
            None => {
                let room = Room::new(settings, RoomState::empty(), Timestamp::default());
                rooms.insert(settings.room.clone(), room);
                Created::New
            }
            Some(known) if known.settings == *settings => Created::Unchanged,
            Some(_) => Created::Different,
        })
    }

    async fn rooms(&self) -> Result<Vec<RoomSettings>> {
        Ok(self.lock().values().map(|room| room.settings.clone()).collect())
    }

    async fn sync(&self, room: &RoomId, floor: Floor) -> Result<Option<Reading>> {
        let now = self.clock.now();
        Ok(self.lock().get_mut(room).map(|room| {
            room.raise(floor);
            Reading { now, state: room.read(now) }
        }))
    }

    async fn restore(
        &self,
        settings: &RoomSettings,
        memory: &RoomState,
        joins_from: Timestamp,
    ) -> Result<()> {
        self.lock().entry(settings.room.clone()).or_insert_with(|| {
            let state = RoomState { epoch: memory.epoch + 1, ..memory.clone() };
            Room::new(settings, state, joins_from)
        });
        Ok(())
    }

    async fn join(&self, room: &RoomId, arrivals: &Arrivals, now: Timestamp) -> Result<Entries> {
        self.with(room, |state| {
            if now < state.joins_from {
                return Err(RoomStoreError::Unavailable("the room is recovering".into()));
            }
            state.raise(arrivals.floor);
            let first = state.state.entered;
            let admitted = state.admit_express(arrivals, first, now);
            state.state.entered += u64::from(arrivals.count);
            let boundaries = state.state.frozen.len();
            Ok(Entries { epoch: state.state.epoch, first, boundaries, admitted })
        })
    }

    async fn freeze(&self, room: &RoomId, index: usize, boundary: FreezeAt) -> Result<()> {
        self.with(room, |room| {
            if room.state.frozen.len() == index {
                room.state.frozen.push(boundary.at_entry(room.state.entered));
            }
            Ok(())
        })
    }

    async fn call(&self, room: &RoomId, call_to: u64, ledger: &Ledger) -> Result<bool> {
        self.with(room, |room| {
            let is_next = room.state.ledger.version + 1 == ledger.version;
            if is_next {
                room.state.called = room.state.called.max(call_to);
                room.state.ledger = ledger.clone();
            }
            Ok(is_next)
        })
    }

    async fn redeem(
        &self,
        room: &RoomId,
        redemptions: &[Redemption],
        limits: &AdmissionLimits,
        now: Timestamp,
    ) -> Result<Vec<Redeemed>> {
        self.with(room, |room| {
            Ok(redemptions
                .iter()
                .map(|&redemption| {
                    if redemption.place < room.state.called {
                        room.admit(redemption, limits, now)
                    } else {
                        Redeemed::NotCalled
                    }
                })
                .collect())
        })
    }

    async fn leave(&self, room: &RoomId, pass_ids: &[PassId]) -> Result<()> {
        self.with(room, |room| {
            for pass_id in pass_ids {
                room.active.remove(pass_id);
            }
            Ok(())
        })
    }

    async fn signal(&self, room: &RoomId, signals: &Signals) -> Result<()> {
        self.with(room, |room| {
            for pass_id in &signals.departures {
                room.active.remove(pass_id);
            }
            let reported = signals.places_left;
            if room.state.places_left.is_none_or(|known| known.as_of <= reported.as_of) {
                room.state.places_left = Some(reported);
            }
            Ok(())
        })
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }
}
