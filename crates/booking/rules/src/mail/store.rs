//! The port to where letters are kept.

use async_trait::async_trait;
use kernel::{CampaignId, Timestamp};

use super::{Mail, MailId, MailRules, Reason, Settlement};
use crate::booking::BookingId;
use crate::store::StoreError;

/// Who has letters, or deliveries of webhooks: 128 random bits for each lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseId(pub [u8; 16]);

/// A wish for letters to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Under which name.
    pub id: LeaseId,
    /// When it begins.
    pub from: Timestamp,
    /// When others may have them again.
    pub until: Timestamp,
    /// How many at most.
    pub mails_max: u32,
}

/// What following the events of a campaign came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Letters that were not there before.
    pub mails: u64,
    /// Whether there are further events.
    pub more: bool,
}

/// What came of asking for a confirmation again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resent {
    /// It is on its way.
    Pending,
    /// Not before this.
    TooSoon(Timestamp),
    /// Not again.
    TooOften,
}

/// Where letters are kept, beside the bookings they are about.
///
/// Any number of workers may use it at the same time. [`crate::contract::mail`] says what every adapter
/// must do. As to how calls end, see [`crate::BookingStore`].
#[async_trait]
pub trait MailStore: Send + Sync {
    /// The campaigns in which something has happened that nobody has made letters of yet.
    async fn campaigns_with_news(&self) -> Result<Vec<CampaignId>, StoreError>;

    /// Keeps what [`super::follow`]s from the next events of a campaign, of `links_max` links at most, and
    /// how far it has come, in one transaction. Letters that are there already stay as they are.
    async fn follow_events(
        &self,
        campaign: &CampaignId,
        rules: &MailRules,
        links_max: u32,
    ) -> Result<Followed, StoreError>;

    /// Lends letters that are due, those of a lower rank first, then those that have been due for longer. Until
    /// the lease ends nobody else gets them.
    async fn lease_mails(&self, lease: &Lease) -> Result<Vec<Mail>, StoreError>;

    /// Notes what became of letters. That one was sent counts whoever has it by now; anything else counts
    /// only under the lease in force. A letter that is settled has no recipient any more.
    async fn settle_mails(&self, settlements: &[Settlement]) -> Result<(), StoreError>;

    /// The letters about a booking, in no particular order.
    async fn mails_of(&self, booking: BookingId) -> Result<Vec<Mail>, StoreError>;

    /// Carries out what [`super::resend::judge`] says. The same request, known by `request`, has one effect.
    async fn resend_confirmation(
        &self,
        booking: BookingId,
        request: [u8; 32],
        now: Timestamp,
    ) -> Result<Resent, StoreError>;

    /// Notes that a letter came back, or is not wanted. False if there is no such letter, or it was not sent: a report can be
    /// forged, and must keep none from being sent.
    async fn report_mail(
        &self,
        id: &MailId,
        reason: &Reason,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The letters that cannot be sent or came back, with an id after `after`, in the order of their ids, at
    /// most so many.
    async fn failed_mails(
        &self,
        campaign: &CampaignId,
        after: Option<&MailId>,
        mails_max: u32,
    ) -> Result<Vec<Mail>, StoreError>;

    /// How many letters are due at `now`.
    async fn mails_due(&self, now: Timestamp) -> Result<u64, StoreError>;
}
