//! The store as the port of bookings sees it.

use std::collections::HashSet;

use async_trait::async_trait;
use booking::{
    Applied, ApplyCampaign, Availability, Booking, BookingCode, BookingHead, BookingId,
    BookingStore, Campaign, Command, EntryStanding, Executed, ExecutedPart, Hold, HoldId, KeyOf,
    Link, PassId, PurgeCampaign, PurgeStep, RemoveCampaign, Removed, Revision, SlotKey, SlotUse,
    StoreError, WaitlistEntryId,
};
use kernel::{CampaignId, Timestamp};

use super::{DbStore, Session};
use crate::batch::retry;
use crate::reach::Access;

#[async_trait]
impl BookingStore for DbStore {
    async fn change_campaign(
        &self,
        request: &ApplyCampaign,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        let request = request.clone();
        let apply = move |db: Session| async move {
            retry(db.deadline, || db.apply_once(&request, now)).await
        };
        self.call(Access::Write, apply).await
    }

    async fn remove_campaign(
        &self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, StoreError> {
        let request = request.clone();
        let remove = move |db: Session| async move {
            retry(db.deadline, || db.remove_once(&request, now)).await
        };
        self.call(Access::Write, remove).await
    }

    async fn purge_campaign(
        &self,
        request: &PurgeCampaign,
        now: Timestamp,
    ) -> Result<PurgeStep, StoreError> {
        let request = request.clone();
        let purge = move |db: Session| async move {
            retry(db.deadline, || db.purge_step(&request, now)).await
        };
        self.call(Access::Write, purge).await
    }

    async fn revisions(&self, campaign: &CampaignId) -> Result<Vec<Revision>, StoreError> {
        let campaign = campaign.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_revisions(&campaign)).await
        };
        self.call(Access::Read, read).await
    }

    async fn events(
        &self,
        campaign: &CampaignId,
        after: u64,
        links_max: u32,
    ) -> Result<Vec<Link>, StoreError> {
        let campaign = campaign.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_events(&campaign, after, links_max)).await
        };
        self.call(Access::Read, read).await
    }

    async fn campaigns(&self) -> Result<Vec<Campaign>, StoreError> {
        let read = |db: Session| async move { retry(db.deadline, || db.read_campaigns()).await };
        self.call(Access::Watch, read).await
    }

    async fn execute(&self, commands: &[Command], now: Timestamp) -> Result<Executed, StoreError> {
        let commands = commands.to_vec();
        let execute = move |db: Session| async move { db.execute(&commands, now).await };
        self.call(Access::Write, execute).await
    }

    async fn execute_part(
        &self,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<ExecutedPart, StoreError> {
        let commands = commands.to_vec();
        let execute = move |db: Session| async move { db.execute_part(commands, now).await };
        self.call(Access::Write, execute).await
    }

    async fn availability(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Option<Availability>, StoreError> {
        let campaign = campaign.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_availability(&campaign, now)).await
        };
        self.call(Access::Watch, read).await
    }

    async fn slot_use(&self, slot: &SlotKey, page_max: u32) -> Result<SlotUse, StoreError> {
        let slot = slot.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_slot_use(&slot, page_max)).await
        };
        self.call(Access::Read, read).await
    }

    async fn passes_with_open_holds(
        &self,
        passes: &[PassId],
        now: Timestamp,
    ) -> Result<HashSet<PassId>, StoreError> {
        let passes = passes.to_vec();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_open_holds(&passes, now)).await
        };
        self.call(Access::Watch, read).await
    }

    async fn seats_taken(&self, pass: PassId, now: Timestamp) -> Result<u8, StoreError> {
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_seats_taken(pass, now)).await
        };
        self.call(Access::Read, read).await
    }

    async fn departed_passes(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
        passes_max: u32,
    ) -> Result<Vec<PassId>, StoreError> {
        let campaign = campaign.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_departed(&campaign, now, passes_max)).await
        };
        self.call(Access::Watch, read).await
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        let read =
            move |db: Session| async move { retry(db.deadline, || db.read_booking(id)).await };
        self.call(Access::Read, read).await
    }

    async fn booking_head(&self, id: BookingId) -> Result<Option<BookingHead>, StoreError> {
        let read =
            move |db: Session| async move { retry(db.deadline, || db.read_booking_head(id)).await };
        self.call(Access::Read, read).await
    }

    async fn bookings_with_code(
        &self,
        campaign: &CampaignId,
        code: BookingCode,
        bookings_max: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        let campaign = campaign.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_bookings_with_code(&campaign, code, bookings_max)).await
        };
        self.call(Access::Read, read).await
    }

    async fn update_older_bookings(
        &self,
        after: Option<BookingId>,
        key_of: KeyOf,
        bookings_max: u32,
    ) -> Result<Option<BookingId>, StoreError> {
        let update = move |db: Session| async move {
            retry(db.deadline, || db.update_older(after, &key_of, bookings_max)).await
        };
        self.call(Access::Write, update).await
    }

    async fn wrap_keys_anew(&self) -> Result<u64, StoreError> {
        let wrap = |db: Session| async move { retry(db.deadline, || db.rewrap()).await };
        self.call(Access::Write, wrap).await
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let read = move |db: Session| async move { retry(db.deadline, || db.read_hold(id)).await };
        self.call(Access::Read, read).await
    }

    async fn waitlist_entry(
        &self,
        id: WaitlistEntryId,
    ) -> Result<Option<EntryStanding>, StoreError> {
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_waitlist_entry(id)).await
        };
        self.call(Access::Read, read).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        let read = |db: Session| async move { retry(db.deadline, || db.read_now()).await };
        self.call(Access::Watch, read).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.call(Access::Watch, |db: Session| async move { db.read_ready().await }).await
    }
}
