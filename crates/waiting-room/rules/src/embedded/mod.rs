//! The embedded room store: one process, nothing kept after it ends. Also the model of all others.

mod audit;
mod periods;
mod resumes;
mod room;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, Timestamp};
use pass::PassId;

use crate::audit::{Deed, Record, Wanted};
use crate::memory::digest::Digest;
use crate::memory::{Memory, heal, next_epoch};
use crate::notice::Notices;
use crate::resume::{KeptTicket, ResumeName};
use crate::settings::{RoomId, RoomSettings};
use crate::state::BookingReport;
use crate::store::{
    Arrivals, Ask, Call, Created, Freeze, JoinReply, Reading, Redeemed, Redemption, Result,
    RoomStore, RoomStoreError, SetLive,
};
use audit::Records;
use room::Room;

/// Rooms in the memory of this process.
pub struct MemoryRoomStore {
    clock: Arc<dyn Clock>,
    rooms: Mutex<Rooms>,
}

/// Everything that the store keeps; cloned, it is a backup that a test can restore.
#[derive(Clone, Default)]
pub struct Rooms {
    standing: BTreeMap<RoomId, Room>,
    /// The incarnations of rooms that were removed.
    removed: BTreeMap<RoomId, u32>,
    /// What operators did, also to rooms that were removed.
    records: BTreeMap<RoomId, Records>,
}

impl MemoryRoomStore {
    /// A store without rooms, on this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, rooms: Mutex::default() }
    }

    /// Forgets everything, as a store does that lost its data: for tests.
    pub fn forget(&self) {
        *self.lock() = Rooms::default();
    }

    /// What the store keeps at the moment: for tests.
    #[must_use]
    pub fn back_up(&self) -> Rooms {
        self.lock().clone()
    }

    /// Goes back to an older state, as a store does that was restored from a backup: for tests.
    pub fn restore(&self, rooms: Rooms) {
        *self.lock() = rooms;
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        // Operations do not panic half-way through a change, so a poisoned state is still consistent.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        room: &RoomId,
        digest: &Digest,
        operation: impl FnOnce(&mut Room, Timestamp) -> T,
    ) -> Result<T> {
        let mut rooms = self.lock();
        let found = rooms.find(room, Some(digest.incarnation))?;
        found.check(room, digest)?;
        Ok(operation(found, self.clock.now()))
    }

    /// An operation that an operator asks for: recorded, if it does something.
    fn with_record(
        &self,
        room: &RoomId,
        digest: &Digest,
        deed: &Deed,
        operation: impl FnOnce(&mut Room, Timestamp) -> bool,
    ) -> Result<bool> {
        let mut rooms = self.lock();
        let now = self.clock.now();
        let found = rooms.find(room, Some(digest.incarnation))?;
        found.check(room, digest)?;
        let is_done = operation(found, now);
        if is_done {
            rooms.record(room, deed, now);
        }
        Ok(is_done)
    }
}

impl Rooms {
    fn find(&mut self, room: &RoomId, incarnation: Option<u32>) -> Result<&mut Room> {
        let removed = self.removed.get(room).copied().unwrap_or(0);
        let is_removed = incarnation.is_none_or(|incarnation| incarnation <= removed);
        match self.standing.get_mut(room) {
            Some(found) => Ok(found),
            None if removed > 0 && is_removed => Err(RoomStoreError::Replaced(room.clone())),
            None => Err(RoomStoreError::Behind(room.clone())),
        }
    }

    fn record(&mut self, room: &RoomId, deed: &Deed, now: Timestamp) {
        self.records.entry(room.clone()).or_default().write(deed, now);
    }

    fn create(&mut self, settings: &RoomSettings, deed: &Deed, now: Timestamp) -> Created {
        let RoomSettings { room, incarnation, .. } = settings;
        if self.removed.get(room).is_some_and(|removed| removed >= incarnation) {
            return Created::Outdated;
        }
        let known =
            self.standing.get(room).map(|known| (known.memory().incarnation, &known.settings));
        let is_new = known.is_none();
        match known {
            Some((known, _)) if known > *incarnation => return Created::Outdated,
            Some((known, same)) if known == *incarnation => {
                return if same == settings { Created::Unchanged } else { Created::Different };
            }
            Some(_) | None => (),
        }
        let is_healing = is_new && now >= settings.first_gathering();
        let quiet_until =
            if is_healing { now.plus(settings.listening_time()) } else { Timestamp::default() };
        let memory = Memory { epoch: next_epoch(0, now), ..Memory::of_new_room(settings) };
        self.standing.insert(room.clone(), Room::new(settings, memory, quiet_until, now));
        self.record(room, deed, now);
        match (is_new, is_healing) {
            (true, true) => Created::Healing,
            (true, false) => Created::New,
            (false, _) => Created::Replaced,
        }
    }
}

#[async_trait]
impl RoomStore for MemoryRoomStore {
    async fn create(&self, settings: &RoomSettings, deed: &Deed) -> Result<Created> {
        Ok(self.lock().create(settings, deed, self.clock.now()))
    }

    async fn list(&self, after: Option<&RoomId>, limit: usize) -> Result<Vec<RoomId>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = self.lock();
        let behind = rooms.standing.range::<RoomId, _>((from, Bound::Unbounded));
        Ok(behind.take(limit).map(|(room, _)| room.clone()).collect())
    }

    async fn settings(&self, room: &RoomId) -> Result<Option<RoomSettings>> {
        Ok(self.lock().standing.get(room).map(|room| room.settings.clone()))
    }

    async fn read(&self, asks: &[Ask]) -> Result<Vec<Result<Reading>>> {
        let now = self.clock.now();
        let mut rooms = self.lock();
        let read = |ask: &Ask| {
            let incarnation = ask.digest.as_ref().map(|digest| digest.incarnation);
            let room = rooms.find(&ask.room, incarnation)?;
            if let Some(digest) = &ask.digest {
                room.check(&ask.room, digest)?;
            }
            Ok(Reading { now, state: room.read(ask, now) })
        };
        Ok(asks.iter().map(read).collect())
    }

    async fn merge(
        &self,
        settings: &RoomSettings,
        memory: &Memory,
        quiet: Duration,
    ) -> Result<Reading> {
        let now = self.clock.now();
        let mut rooms = self.lock();
        let removed = rooms.removed.get(&settings.room).copied().unwrap_or(0);
        if removed >= memory.incarnation {
            return Err(RoomStoreError::Replaced(settings.room.clone()));
        }
        let anew = || {
            let memory = heal(None, memory, false, now).unwrap_or_else(|| memory.clone());
            Room::new(settings, memory, now.plus(quiet), now)
        };
        let room = rooms.standing.entry(settings.room.clone()).or_insert_with(anew);
        if room.memory().incarnation > memory.incarnation {
            return Err(RoomStoreError::Replaced(settings.room.clone()));
        }
        room.merge(settings, memory, quiet, now);
        let claim_window = Duration::from_secs(settings.gate.claim_window_s.into());
        Ok(Reading { now, state: room.counted(claim_window, now) })
    }

    async fn join(&self, room: &RoomId, digest: &Digest, arrivals: &Arrivals) -> Result<JoinReply> {
        self.with(room, digest, |room, now| room.join(digest, arrivals, now))
    }

    async fn freeze(&self, room: &RoomId, digest: &Digest, freeze: Freeze) -> Result<()> {
        self.with(room, digest, |room, now| room.freeze(digest, freeze, now))
    }

    async fn call(&self, room: &RoomId, digest: &Digest, call: &Call) -> Result<bool> {
        self.with(room, digest, |room, _| room.call(digest, call))
    }

    async fn redeem(
        &self,
        room: &RoomId,
        digest: &Digest,
        redemptions: &[Redemption],
    ) -> Result<Vec<Redeemed>> {
        self.with(room, digest, |room, now| room.redeem(redemptions, now))
    }

    async fn end_passes(&self, room: &RoomId, digest: &Digest, pass_ids: &[PassId]) -> Result<()> {
        self.with(room, digest, |room, now| room.end_passes(pass_ids, now))
    }

    async fn pass_ends(
        &self,
        room: &RoomId,
        digest: &Digest,
        pass_ids: &[PassId],
    ) -> Result<Vec<Option<Timestamp>>> {
        self.with(room, digest, |room, _| room.pass_ends(pass_ids))
    }

    async fn keep_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        kept: &[KeptTicket],
    ) -> Result<Vec<bool>> {
        self.with(room, digest, |room, now| room.kept_tickets.keep(kept, now))
    }

    async fn take_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        names: &[ResumeName],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        self.with(room, digest, |room, now| room.kept_tickets.take(names, now))
    }

    async fn report(&self, room: &RoomId, digest: &Digest, report: &BookingReport) -> Result<()> {
        self.with(room, digest, |room, now| room.report(report, now))
    }

    async fn set_live(&self, room: &RoomId, digest: &Digest, set: &SetLive) -> Result<bool> {
        self.with_record(room, digest, &set.deed, |room, now| room.set_live(digest, set, now))
    }

    async fn supply_entropy(
        &self,
        room: &RoomId,
        digest: &Digest,
        opening: u16,
        entropy: &str,
        deed: &Deed,
    ) -> Result<bool> {
        self.with_record(room, digest, deed, |room, _| room.supply_entropy(opening, entropy))
    }

    async fn notices(&self, room: &RoomId) -> Result<Option<Notices>> {
        Ok(self.lock().standing.get(room).and_then(|room| room.notices.clone()))
    }

    async fn set_notices(&self, room: &RoomId, digest: &Digest, notices: &Notices) -> Result<bool> {
        self.with(room, digest, |room, _| {
            let known = room.notices.as_ref().map_or(0, |known| known.version);
            let is_next = known + 1 == notices.version;
            if is_next {
                room.notices = Some(notices.clone());
            }
            is_next
        })
    }

    async fn remove(&self, room: &RoomId, deed: &Deed) -> Result<bool> {
        let mut rooms = self.lock();
        let Some(removed) = rooms.standing.remove(room) else { return Ok(false) };
        rooms.removed.insert(room.clone(), removed.memory().incarnation);
        rooms.record(room, deed, self.clock.now());
        Ok(true)
    }

    async fn audit(&self, room: &RoomId, wanted: Wanted, limit: usize) -> Result<Vec<Record>> {
        let rooms = self.lock();
        Ok(rooms.records.get(room).map(|records| records.read(wanted, limit)).unwrap_or_default())
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }
}
