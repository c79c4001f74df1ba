//! A store that tests can take away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kernel::Timestamp;
use pass::PassId;

use crate::audit::{Deed, Record, Wanted};
use crate::memory::Memory;
use crate::memory::digest::Digest;
use crate::notice::Notices;
use crate::resume::{KeptTicket, ResumeName};
use crate::state::BookingReport;
use crate::store::{
    Arrivals, Ask, Call, Created, Freeze, JoinReply, Reading, Redeemed, Redemption, Result, SetLive,
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
    async fn create(&self, settings: &RoomSettings, deed: &Deed) -> Result<Created> {
        self.up()?.create(settings, deed).await
    }

    async fn list(&self, after: Option<&RoomId>, limit: usize) -> Result<Vec<RoomId>> {
        self.up()?.list(after, limit).await
    }

    async fn settings(&self, room: &RoomId) -> Result<Option<RoomSettings>> {
        self.up()?.settings(room).await
    }

    async fn read(&self, asks: &[Ask]) -> Result<Vec<Result<Reading>>> {
        self.up()?.read(asks).await
    }

    async fn merge(
        &self,
        settings: &RoomSettings,
        memory: &Memory,
        quiet: Duration,
    ) -> Result<Reading> {
        self.up()?.merge(settings, memory, quiet).await
    }

    async fn join(&self, room: &RoomId, digest: &Digest, arrivals: &Arrivals) -> Result<JoinReply> {
        self.up()?.join(room, digest, arrivals).await
    }

    async fn freeze(&self, room: &RoomId, digest: &Digest, freeze: Freeze) -> Result<()> {
        self.up()?.freeze(room, digest, freeze).await
    }

    async fn call(&self, room: &RoomId, digest: &Digest, call: &Call) -> Result<bool> {
        self.up()?.call(room, digest, call).await
    }

    async fn redeem(
        &self,
        room: &RoomId,
        digest: &Digest,
        redemptions: &[Redemption],
    ) -> Result<Vec<Redeemed>> {
        self.up()?.redeem(room, digest, redemptions).await
    }

    async fn end_passes(&self, room: &RoomId, digest: &Digest, pass_ids: &[PassId]) -> Result<()> {
        self.up()?.end_passes(room, digest, pass_ids).await
    }

    async fn pass_ends(
        &self,
        room: &RoomId,
        digest: &Digest,
        pass_ids: &[PassId],
    ) -> Result<Vec<Option<Timestamp>>> {
        self.up()?.pass_ends(room, digest, pass_ids).await
    }

    async fn keep_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        kept: &[KeptTicket],
    ) -> Result<Vec<bool>> {
        self.up()?.keep_tickets(room, digest, kept).await
    }

    async fn take_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        names: &[ResumeName],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        self.up()?.take_tickets(room, digest, names).await
    }

    async fn report(&self, room: &RoomId, digest: &Digest, report: &BookingReport) -> Result<()> {
        self.up()?.report(room, digest, report).await
    }

    async fn set_live(&self, room: &RoomId, digest: &Digest, set: &SetLive) -> Result<bool> {
        self.up()?.set_live(room, digest, set).await
    }

    async fn supply_entropy(
        &self,
        room: &RoomId,
        digest: &Digest,
        opening: u16,
        entropy: &str,
        deed: &Deed,
    ) -> Result<bool> {
        self.up()?.supply_entropy(room, digest, opening, entropy, deed).await
    }

    async fn notices(&self, room: &RoomId) -> Result<Option<Notices>> {
        self.up()?.notices(room).await
    }

    async fn set_notices(&self, room: &RoomId, digest: &Digest, notices: &Notices) -> Result<bool> {
        self.up()?.set_notices(room, digest, notices).await
    }

    async fn remove(&self, room: &RoomId, deed: &Deed) -> Result<bool> {
        self.up()?.remove(room, deed).await
    }

    async fn audit(&self, room: &RoomId, wanted: Wanted, limit: usize) -> Result<Vec<Record>> {
        self.up()?.audit(room, wanted, limit).await
    }

    async fn ready(&self) -> Result<()> {
        self.up()?.ready().await
    }
}
