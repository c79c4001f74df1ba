//! Letters of the model.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kernel::{CampaignId, Timestamp};

use super::{MemoryStore, Tables};
use crate::batch::Changes;
use crate::booking::BookingId;
use crate::mail::resend::{self, Verdict};
use crate::mail::{
    Followed, Lease, LeaseId, Mail, MailAbout, MailEnd, MailId, MailRules, MailStatus, MailStore,
    NewMail, Reason, Resent, Settlement, follow, of_cancellations,
};
use crate::person::Person;
use crate::store::StoreError;

/// The letters, and how far the events of each campaign have been followed.
#[derive(Default)]
pub(super) struct MailTables {
    keeps_recipients: bool,
    mails: BTreeMap<MailId, Kept>,
    readers: BTreeMap<CampaignId, u64>,
}

struct Kept {
    mail: Mail,
    lease: Option<LeaseId>,
    request: Option<[u8; 32]>,
}

impl MailTables {
    pub(super) fn kept() -> Self {
        Self { keeps_recipients: true, ..Self::default() }
    }

    /// Whether it was not there.
    fn add(&mut self, new: NewMail, recipient: Option<Person>, request: Option<[u8; 32]>) -> bool {
        let NewMail { id, about, made_at, due_at } = new;
        if self.mails.contains_key(&id) {
            return false;
        }
        let mail = Mail {
            id: id.clone(),
            about,
            made_at,
            due_at,
            attempts: 0,
            status: MailStatus::Pending,
            settled_at: None,
            reason: None,
            recipient,
        };
        self.mails.insert(id, Kept { mail, lease: None, request });
        true
    }

    pub(super) fn all(&self) -> Vec<Mail> {
        self.mails.values().map(|kept| kept.mail.clone()).collect()
    }

    fn of(&self, booking: BookingId) -> impl Iterator<Item = &Kept> {
        let about = MailAbout::Booking(booking);
        self.mails.values().filter(move |kept| kept.mail.about == about)
    }
}

impl Tables {
    pub(super) fn keep_cancellations(&mut self, changes: &Changes) {
        if !self.mail.keeps_recipients {
            return;
        }
        for new in of_cancellations(changes) {
            let MailAbout::Booking(booking) = new.about else { continue };
            let booking = self.bookings.get(&booking);
            let recipient = booking.and_then(|booking| booking.registration.person.clone());
            self.mail.add(new, recipient, None);
        }
    }

    /// Whoever wants to be forgotten is in no letter that waits.
    pub(super) fn forget_recipients(&mut self, bookings: &[BookingId]) {
        for kept in self.mail.mails.values_mut() {
            if let MailAbout::Booking(booking) = kept.mail.about
                && bookings.contains(&booking)
            {
                kept.mail.recipient = None;
            }
        }
    }

    pub(super) fn remove_mails(&mut self, campaign: &CampaignId) {
        self.mail.mails.retain(|id, _| id.campaign != *campaign);
    }
}

#[async_trait]
impl MailStore for MemoryStore {
    async fn campaigns_with_news(&self) -> Result<Vec<CampaignId>, StoreError> {
        let tables = self.tables();
        let has_news = |campaign: &&CampaignId| {
            let read = tables.mail.readers.get(*campaign).copied().unwrap_or(0);
            tables.chain_end(campaign).number > read
        };
        Ok(tables.campaigns.keys().filter(has_news).cloned().collect())
    }

    async fn follow_events(
        &self,
        campaign: &CampaignId,
        rules: &MailRules,
        links_max: u32,
    ) -> Result<Followed, StoreError> {
        let mut tables = self.tables();
        let after = tables.mail.readers.get(campaign).copied().unwrap_or(0);
        let definition = tables.campaigns.get(campaign).cloned();
        let links = tables.events.get(campaign).into_iter().flatten();
        let links_max = usize::try_from(links_max).unwrap_or(usize::MAX);
        let page: Vec<_> =
            links.filter(|link| link.last > after).take(links_max).cloned().collect();
        let mut mails = 0;
        for link in &page {
            for new in follow(link, after, definition.as_deref(), rules) {
                mails += u64::from(tables.mail.add(new, None, None));
            }
        }
        let read = page.last().map_or(after, |link| link.last);
        tables.mail.readers.insert(campaign.clone(), read);
        Ok(Followed { mails, more: tables.chain_end(campaign).number > read })
    }

    async fn lease_mails(&self, lease: &Lease) -> Result<Vec<Mail>, StoreError> {
        let mut tables = self.tables();
        let is_due = |kept: &&mut Kept| {
            kept.mail.status == MailStatus::Pending && kept.mail.due_at <= lease.from
        };
        let mut due: Vec<&mut Kept> = tables.mail.mails.values_mut().filter(is_due).collect();
        due.sort_by_key(|kept| (kept.mail.id.kind.rank(), kept.mail.due_at));
        let mails_max = usize::try_from(lease.mails_max).unwrap_or(usize::MAX);
        let lent = due.into_iter().take(mails_max).map(|kept| {
            kept.lease = Some(lease.id);
            kept.mail.due_at = lease.until;
            kept.mail.attempts += 1;
            kept.mail.clone()
        });
        Ok(lent.collect())
    }

    async fn settle_mails(&self, settlements: &[Settlement]) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for settlement in settlements {
            let Some(kept) = tables.mail.mails.get_mut(&settlement.id) else { continue };
            let is_in_force = kept.lease == Some(settlement.lease);
            if kept.mail.status != MailStatus::Pending
                || !(is_in_force || settlement.end == MailEnd::Sent)
            {
                continue;
            }
            kept.lease = None;
            kept.mail.status = settlement.end.status();
            kept.mail.reason = settlement.end.reason().cloned();
            if matches!(settlement.end, MailEnd::Untried { .. }) {
                kept.mail.attempts = kept.mail.attempts.saturating_sub(1);
            }
            if let Some(due_at) = settlement.end.due_at() {
                kept.mail.due_at = due_at;
            } else {
                kept.mail.settled_at = Some(settlement.at);
                kept.mail.recipient = None;
            }
        }
        Ok(())
    }

    async fn mails_of(&self, booking: BookingId) -> Result<Vec<Mail>, StoreError> {
        Ok(self.tables().mail.of(booking).map(|kept| kept.mail.clone()).collect())
    }

    async fn resend_confirmation(
        &self,
        booking: BookingId,
        request: [u8; 32],
        now: Timestamp,
    ) -> Result<Resent, StoreError> {
        let mut tables = self.tables();
        if tables.mail.of(booking).any(|kept| kept.request == Some(request)) {
            return Ok(Resent::Pending);
        }
        let mails: Vec<Mail> = tables.mail.of(booking).map(|kept| kept.mail.clone()).collect();
        Ok(match resend::judge(&mails, now) {
            Verdict::Send(id) => {
                let about = MailAbout::Booking(booking);
                let new = NewMail { id, about, made_at: now, due_at: now };
                tables.mail.add(new, None, Some(request));
                Resent::Pending
            }
            Verdict::UnderWay => Resent::Pending,
            Verdict::TooSoon(from) => Resent::TooSoon(from),
            Verdict::TooOften => Resent::TooOften,
        })
    }

    async fn report_mail(
        &self,
        id: &MailId,
        reason: &Reason,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let Some(kept) = tables.mail.mails.get_mut(id) else { return Ok(false) };
        let was_sent =
            matches!(kept.mail.status, MailStatus::Sent | MailStatus::Failed | MailStatus::Bounced);
        if was_sent {
            kept.mail.status = MailStatus::Bounced;
            kept.mail.reason = Some(reason.clone());
            kept.mail.settled_at = Some(at);
        }
        Ok(was_sent)
    }

    async fn failed_mails(
        &self,
        campaign: &CampaignId,
        after: Option<&MailId>,
        mails_max: u32,
    ) -> Result<Vec<Mail>, StoreError> {
        let tables = self.tables();
        let is_asked = |kept: &&Kept| {
            kept.mail.id.campaign == *campaign
                && matches!(kept.mail.status, MailStatus::Failed | MailStatus::Bounced)
                && after.is_none_or(|after| kept.mail.id > *after)
        };
        let mails_max = usize::try_from(mails_max).unwrap_or(usize::MAX);
        let failed = tables.mail.mails.values().filter(is_asked).take(mails_max);
        Ok(failed.map(|kept| kept.mail.clone()).collect())
    }

    async fn mails_due(&self, now: Timestamp) -> Result<u64, StoreError> {
        let tables = self.tables();
        let is_due =
            |kept: &&Kept| kept.mail.status == MailStatus::Pending && kept.mail.due_at <= now;
        Ok(tables.mail.mails.values().filter(is_due).count() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::ManualClock;

    use super::*;
    use crate::contract::scene;
    use crate::store::BookingStore;

    struct Fixture(MemoryStore);

    impl Fixture {
        fn store(&self) -> &dyn BookingStore {
            &self.0
        }

        fn mail(&self) -> &dyn MailStore {
            &self.0
        }
    }

    #[expect(clippy::unused_async, reason = "adapters need to wait for their database")]
    async fn fresh() -> Fixture {
        Fixture(MemoryStore::with_mail(Arc::new(ManualClock::at(scene::at(0)))))
    }

    crate::mail_store_contract!(fresh);

    /// Where nobody sends mail nobody would ever lose the persons again.
    #[tokio::test]
    async fn without_mail_nobody_is_kept() {
        let store = MemoryStore::new(Arc::new(ManualClock::at(scene::at(0))));
        store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
        let pass = scene::grant(1, 4, scene::at(0));
        let book = scene::book_slot(&pass, "c", 1, 2, scene::key(1, 0));
        for command in [book, scene::cancel(1, scene::key(2, 0))] {
            store.execute(&[command], scene::at(10)).await.expect("answers");
        }
        assert_eq!(store.mails_of(scene::booking_id(1)).await.expect("answers"), []);
    }
}
