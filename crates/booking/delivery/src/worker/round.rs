//! The letters of one lease.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use booking::{Lease, Mail, MailEnd, Reason, Settlement};
use futures_util::future::join_all;
use kernel::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, Interval};

use super::office::Office;
use super::prepare::Prepared;
use super::{LEASE, backoff};
use crate::rounds;
use crate::transport::{HandedOver, Transport};

/// A letter about which the database could not be asked is tried again so soon: that is not the letter's fault.
const LOOKED_UP_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The letters of one lease, shared by all lanes.
pub(super) struct Round<'a> {
    office: &'a Office,
    pace: &'a tokio::sync::Mutex<Interval>,
    stopped: watch::Receiver<bool>,
    lease: Lease,
    /// When the lease began.
    since: Instant,
    mails: Mutex<VecDeque<Mail>>,
    /// Nobody takes letters now.
    broken: AtomicBool,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        office: &'a Office,
        pace: &'a tokio::sync::Mutex<Interval>,
        stopped: watch::Receiver<bool>,
        lease: Lease,
        since: Instant,
        mails: Vec<Mail>,
    ) -> Self {
        office.campaigns.forget();
        let (mails, broken) = (Mutex::new(mails.into()), AtomicBool::new(false));
        Self { office, pace, stopped, lease, since, mails, broken }
    }

    /// Sends all of them, or as many as is possible; whether that was all.
    pub(super) async fn send(&self, lanes: &mut [Box<dyn Transport>]) -> bool {
        join_all(lanes.iter_mut().map(|lane| self.run(&mut **lane))).await;
        let mut all = !self.broken.load(Ordering::Relaxed);
        while let Some(mail) = self.next() {
            // It was lent for nothing.
            let wait = if *self.stopped.borrow() {
                Duration::ZERO
            } else {
                backoff::after(1, &*self.office.entropy)
            };
            let reason = Reason::new(Reason::UNREACHABLE);
            let end = MailEnd::Untried { due_at: self.now().plus(wait), reason };
            self.note(&mail, end).await;
            all = false;
        }
        all
    }

    async fn run(&self, lane: &mut dyn Transport) {
        while self.may_begin() {
            let Some(mail) = self.next() else { return };
            let end = match self.office.prepare(&mail, self.now()).await {
                Ok(Prepared::Ended(end)) => end,
                Ok(Prepared::Letter(letter)) => {
                    self.pace.lock().await.tick().await;
                    if !self.may_begin() {
                        self.mails().push_front(mail);
                        return;
                    }
                    self.end_of(&mail, lane.hand_over(&letter).await)
                }
                Err(error) => {
                    tracing::warn!(id = %mail.id, %error, "failed to look up what a letter is about");
                    let due_at = self.now().plus(LOOKED_UP_AGAIN_AFTER);
                    MailEnd::Untried { due_at, reason: Reason::new("database") }
                }
            };
            self.note(&mail, end).await;
        }
    }

    /// Whether a letter that is begun now ends before its lease does.
    fn may_begin(&self) -> bool {
        // Once to connect, once to hand it over, and as long again for whatever else.
        let longest = 3 * self.office.pace.hand_over_max;
        !self.broken.load(Ordering::Relaxed)
            && !*self.stopped.borrow()
            && self.since.elapsed() + longest < LEASE
    }

    fn end_of(&self, mail: &Mail, handed_over: HandedOver) -> MailEnd {
        match handed_over {
            HandedOver::Taken => MailEnd::Sent,
            HandedOver::Refused(reason) => MailEnd::Failed(reason),
            HandedOver::NotNow(_) if mail.attempts >= backoff::ATTEMPTS_MAX => {
                MailEnd::Failed(Reason::new(Reason::GIVEN_UP))
            }
            HandedOver::NotNow(reason) => self.later(mail, reason),
            HandedOver::Unreachable(reason) => {
                if !self.broken.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%reason, "no letter is taken now");
                }
                self.untried(mail, reason)
            }
        }
    }

    /// Nobody has answered: that does not count towards giving up.
    fn untried(&self, mail: &Mail, reason: Reason) -> MailEnd {
        let waited = self.now().since(mail.made_at);
        let wait = backoff::as_long_again(waited, &*self.office.entropy);
        MailEnd::Untried { due_at: self.now().plus(wait), reason }
    }

    fn later(&self, mail: &Mail, reason: Reason) -> MailEnd {
        let wait = backoff::after(mail.attempts, &*self.office.entropy);
        MailEnd::Later { due_at: self.now().plus(wait), reason }
    }

    async fn note(&self, mail: &Mail, end: MailEnd) {
        count(mail, &end);
        let settlement =
            Settlement { id: mail.id.clone(), lease: self.lease.id, at: self.now(), end };
        let settle = || self.office.mails.settle_mails(std::slice::from_ref(&settlement));
        rounds::note(settle, |error| {
            tracing::warn!(id = %mail.id, %error, "failed to note what became of a letter");
        })
        .await;
    }

    /// On the store's clock.
    fn now(&self) -> Timestamp {
        self.lease.from.plus(self.since.elapsed())
    }

    fn next(&self) -> Option<Mail> {
        self.mails().pop_front()
    }

    fn mails(&self) -> std::sync::MutexGuard<'_, VecDeque<Mail>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(mail: &Mail, end: &MailEnd) {
    let outcome = match end {
        MailEnd::Sent => "sent",
        MailEnd::Failed(reason) => {
            tracing::warn!(id = %mail.id, %reason, "a letter cannot be sent");
            "failed"
        }
        MailEnd::Dropped(_) => "dropped",
        MailEnd::Untried { .. } | MailEnd::Later { .. } => "later",
    };
    metrics::counter!("booking_mail_total", "outcome" => outcome).increment(1);
}
