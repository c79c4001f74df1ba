//! The store as the port of letters sees it.

use async_trait::async_trait;
use booking::{
    BookingId, Followed, Lease, Mail, MailId, MailRules, MailStore, Reason, Resent, Settlement,
    StoreError,
};
use kernel::{CampaignId, Timestamp};

use super::{DbStore, Session};
use crate::batch::retry;
use crate::reach::Access;

#[async_trait]
impl MailStore for DbStore {
    async fn campaigns_with_news(&self) -> Result<Vec<CampaignId>, StoreError> {
        let read = |db: Session| async move { retry(db.deadline, || db.read_news()).await };
        self.call(Access::Watch, read).await
    }

    async fn follow_events(
        &self,
        campaign: &CampaignId,
        rules: &MailRules,
        links_max: u32,
    ) -> Result<Followed, StoreError> {
        let (campaign, rules) = (campaign.clone(), *rules);
        let follow = move |db: Session| async move {
            retry(db.deadline, || db.follow(&campaign, &rules, links_max)).await
        };
        self.call(Access::Write, follow).await
    }

    async fn lease_mails(&self, lease: &Lease) -> Result<Vec<Mail>, StoreError> {
        let lease = *lease;
        let lend = move |db: Session| async move { retry(db.deadline, || db.lend(&lease)).await };
        self.call(Access::Write, lend).await
    }

    async fn settle_mails(&self, settlements: &[Settlement]) -> Result<(), StoreError> {
        let settlements = settlements.to_vec();
        let settle =
            move |db: Session| async move { retry(db.deadline, || db.settle(&settlements)).await };
        self.call(Access::Write, settle).await
    }

    async fn mails_of(&self, booking: BookingId) -> Result<Vec<Mail>, StoreError> {
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_mails_of(booking)).await
        };
        self.call(Access::Read, read).await
    }

    async fn resend_confirmation(
        &self,
        booking: BookingId,
        request: [u8; 32],
        now: Timestamp,
    ) -> Result<Resent, StoreError> {
        let resend = move |db: Session| async move {
            retry(db.deadline, || db.resend(booking, request, now)).await
        };
        self.call(Access::Write, resend).await
    }

    async fn report_mail(
        &self,
        id: &MailId,
        reason: &Reason,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (id, reason) = (id.clone(), reason.clone());
        let note = move |db: Session| async move {
            retry(db.deadline, || db.note_report(&id, &reason, at)).await
        };
        self.call(Access::Write, note).await
    }

    async fn failed_mails(
        &self,
        campaign: &CampaignId,
        after: Option<&MailId>,
        mails_max: u32,
    ) -> Result<Vec<Mail>, StoreError> {
        let (campaign, after) = (campaign.clone(), after.cloned());
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_failed_mails(&campaign, after.as_ref(), mails_max)).await
        };
        self.call(Access::Read, read).await
    }

    async fn mails_due(&self, now: Timestamp) -> Result<u64, StoreError> {
        let read =
            move |db: Session| async move { retry(db.deadline, || db.count_mails_due(now)).await };
        self.call(Access::Watch, read).await
    }
}
