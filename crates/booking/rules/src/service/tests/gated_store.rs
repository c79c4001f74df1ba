//! A store that can be stopped.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use kernel::{CampaignId, Timestamp};
use pass::PassId;
use tokio::sync::Semaphore;

use crate::batch::{Command, Executed};
use crate::booking::{Booking, BookingCode, BookingId};
use crate::campaign::apply::{Applied, ApplyCampaign};
use crate::campaign::purge::{PurgeCampaign, PurgeStep};
use crate::campaign::remove::{RemoveCampaign, Removed};
use crate::campaign::revision::Revision;
use crate::campaign::{Campaign, SlotKey};
use crate::event::chain::Link;
use crate::hold::{Hold, HoldId};
use crate::memory::MemoryStore;
use crate::store::{Availability, BookingStore, SlotUse, StoreError};
use crate::waitlist::{EntryStanding, WaitlistEntryId};

/// The model behind a gate: each batch needs a permit, and it can fail.
pub(super) struct GatedStore {
    pub(super) model: MemoryStore,
    pub(super) permits: Semaphore,
    pub(super) is_down: AtomicBool,
}

#[async_trait]
impl BookingStore for GatedStore {
    async fn change_campaign(
        &self,
        request: &ApplyCampaign,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        self.model.change_campaign(request, now).await
    }

    async fn remove_campaign(
        &self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, StoreError> {
        self.model.remove_campaign(request, now).await
    }

    async fn purge_campaign(
        &self,
        request: &PurgeCampaign,
        now: Timestamp,
    ) -> Result<PurgeStep, StoreError> {
        self.model.purge_campaign(request, now).await
    }

    async fn revisions(&self, campaign: &CampaignId) -> Result<Vec<Revision>, StoreError> {
        self.model.revisions(campaign).await
    }

    async fn events(
        &self,
        campaign: &CampaignId,
        after: u64,
        links_max: u32,
    ) -> Result<Vec<Link>, StoreError> {
        self.model.events(campaign, after, links_max).await
    }

    async fn campaigns(&self) -> Result<Vec<Campaign>, StoreError> {
        self.model.campaigns().await
    }

    async fn execute(&self, commands: &[Command], now: Timestamp) -> Result<Executed, StoreError> {
        self.permits.acquire().await.expect("never closed").forget();
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "down".to_owned(), source: None });
        }
        self.model.execute(commands, now).await
    }

    async fn availability(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Option<Availability>, StoreError> {
        self.model.availability(campaign, now).await
    }

    async fn slot_use(&self, slot: &SlotKey, page_max: u32) -> Result<SlotUse, StoreError> {
        self.model.slot_use(slot, page_max).await
    }

    async fn passes_with_open_holds(
        &self,
        passes: &[PassId],
        now: Timestamp,
    ) -> Result<HashSet<PassId>, StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "down".to_owned(), source: None });
        }
        self.model.passes_with_open_holds(passes, now).await
    }

    async fn seats_taken(&self, pass: PassId, now: Timestamp) -> Result<u8, StoreError> {
        self.model.seats_taken(pass, now).await
    }

    async fn departed_passes(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
        passes_max: u32,
    ) -> Result<Vec<PassId>, StoreError> {
        self.model.departed_passes(campaign, now, passes_max).await
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.model.booking(id).await
    }

    async fn bookings_with_code(
        &self,
        campaign: &CampaignId,
        code: BookingCode,
        bookings_max: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        self.model.bookings_with_code(campaign, code, bookings_max).await
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        self.model.hold(id).await
    }

    async fn waitlist_entry(
        &self,
        id: WaitlistEntryId,
    ) -> Result<Option<EntryStanding>, StoreError> {
        self.model.waitlist_entry(id).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.model.now().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.model.ready().await
    }
}
