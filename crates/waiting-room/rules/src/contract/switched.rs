//! A store that tests can take away.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use kernel::Timestamp;
use pass::PassId;

use crate::gate::Ledger;
use crate::state::{Floor, RoomState};
use crate::store::{
    AdmissionLimits, Arrivals, Created, Entries, FreezeAt, Reading, Redeemed, Redemption, Result,
    Signals,
};
use crate::{MemoryRoomStore, RoomId, RoomSettings, RoomStore, RoomStoreError};

/// The in-memory store behind a switch.
pub struct SwitchedStore {
    /// The store, reachable for the test whatever the switch says.
    pub store: MemoryRoomStore,
    is_down: AtomicBool,
}

impl SwitchedStore {
    /// The store, switched on.
    #[must_use]
    pub fn new(store: MemoryRoomStore) -> Self {
        Self { store, is_down: AtomicBool::new(false) }
    }

    /// Takes the store away, or gives it back.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&MemoryRoomStore> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(RoomStoreError::Unavailable("switched off".into()));
        }
        Ok(&self.store)
    }
}

#[async_trait]
impl RoomStore for SwitchedStore {
    async fn create(&self, settings: &RoomSettings) -> Result<Created> {
        self.up()?.create(settings).await
    }

    async fn rooms(&self) -> Result<Vec<RoomSettings>> {
        self.up()?.rooms().await
    }

    async fn sync(&self, room: &RoomId, floor: Floor) -> Result<Option<Reading>> {
        self.up()?.sync(room, floor).await
    }

    async fn restore(
        &self,
        settings: &RoomSettings,
        memory: &RoomState,
        joins_from: Timestamp,
    ) -> Result<()> {
        self.up()?.restore(settings, memory, joins_from).await
    }

    async fn join(&self, room: &RoomId, arrivals: &Arrivals, now: Timestamp) -> Result<Entries> {
        self.up()?.join(room, arrivals, now).await
    }

    async fn freeze(&self, room: &RoomId, index: usize, boundary: FreezeAt) -> Result<()> {
        self.up()?.freeze(room, index, boundary).await
    }

    async fn call(&self, room: &RoomId, call_to: u64, ledger: &Ledger) -> Result<bool> {
        self.up()?.call(room, call_to, ledger).await
    }

    async fn redeem(
        &self,
        room: &RoomId,
        redemptions: &[Redemption],
        limits: &AdmissionLimits,
        now: Timestamp,
    ) -> Result<Vec<Redeemed>> {
        self.up()?.redeem(room, redemptions, limits, now).await
    }

    async fn leave(&self, room: &RoomId, pass_ids: &[PassId]) -> Result<()> {
        self.up()?.leave(room, pass_ids).await
    }

    async fn signal(&self, room: &RoomId, signals: &Signals) -> Result<()> {
        self.up()?.signal(room, signals).await
    }

    async fn ready(&self) -> Result<()> {
        self.up()?.ready().await
    }
}
