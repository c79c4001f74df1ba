//! What a worker works with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use booking::{
    Booking, BookingStatus, BookingStore, Campaign, Mail, MailEnd, MailKind, MailRules, MailStore,
    Person, Reason, StoreError,
};
use kernel::{CampaignId, Entropy, Timestamp};

use crate::letter::{self, Letter, LetterError, Letterhead, Material};

/// Makes the token that manages a booking.
pub type TokenOf = Arc<dyn Fn(&Booking) -> String + Send + Sync>;

/// How fast a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The time between two looks at what is due.
    pub every: Duration,
    /// Letters that this worker may hand over in a minute.
    pub mails_per_minute: u32,
    /// The longest that handing one over may take; no letter is begun whose lease could end before.
    pub hand_over_max: Duration,
    /// How long before an appointment its reminder goes out; `None` for no reminders.
    pub remind_before: Option<Duration>,
}

/// What a worker works with.
pub struct Office {
    /// The bookings.
    pub bookings: Arc<dyn BookingStore>,
    /// The letters about them.
    pub mails: Arc<dyn MailStore>,
    /// Makes the token that manages a booking.
    pub token_of: TokenOf,
    /// Names of leases, and the spread of retries.
    pub entropy: Arc<dyn Entropy>,
    /// What is the same in all letters.
    pub head: Letterhead,
    /// How fast.
    pub pace: Pace,
    /// The campaigns as they were lately; by default none is known yet.
    pub campaigns: Known,
}

/// Campaigns that were read lately.
#[derive(Debug, Default)]
pub struct Known(Mutex<HashMap<CampaignId, Arc<Campaign>>>);

/// What becomes of a letter before anybody is asked to take it.
pub(super) enum Prepared {
    Letter(Box<Letter>),
    Ended(MailEnd),
}

impl Office {
    pub(super) fn rules(&self) -> MailRules {
        MailRules { remind_before: self.pace.remind_before }
    }

    /// Writes a letter, if what it tells is so and there is somebody to tell it to.
    pub(super) async fn prepare(
        &self,
        mail: &Mail,
        now: Timestamp,
    ) -> Result<Prepared, StoreError> {
        let dropped = |reason| Ok(Prepared::Ended(MailEnd::Dropped(Reason::new(reason))));
        let Some(booking) = self.bookings.booking(mail.booking).await? else {
            return dropped(Reason::NO_BOOKING);
        };
        let Some(person) = who(mail, &booking) else { return dropped(Reason::OVERTAKEN) };
        let campaign = self.campaign(&booking).await?;
        let Some(campaign) = campaign else { return dropped(Reason::NO_BOOKING) };
        let Some(slot) = campaign.slot(&booking.slot) else {
            return dropped(Reason::NO_BOOKING);
        };
        let is_over =
            slot.ends_at <= now || (mail.id.kind == MailKind::Reminder && slot.starts_at <= now);
        if is_over || self.is_replaced(mail).await? {
            return dropped(Reason::OVERTAKEN);
        }
        if person.email().is_none() {
            return dropped(Reason::NO_ADDRESS);
        }
        let manage_token = (self.token_of)(&booking);
        let material = Material {
            mail,
            booking: &booking,
            person: &person,
            campaign: &campaign,
            slot,
            manage_token: &manage_token,
        };
        Ok(match letter::write(&material, &self.head, mail.made_at) {
            Ok(letter) => Prepared::Letter(Box::new(letter)),
            Err(LetterError::Address) => {
                Prepared::Ended(MailEnd::Failed(Reason::new("wrong_address")))
            }
            Err(LetterError::Unwritable) => {
                Prepared::Ended(MailEnd::Failed(Reason::new(Reason::UNWRITABLE)))
            }
        })
    }

    /// Whether a later move has made a reminder of its own.
    async fn is_replaced(&self, mail: &Mail) -> Result<bool, StoreError> {
        if mail.id.kind != MailKind::Reminder {
            return Ok(false);
        }
        let mails = self.mails.mails_of(mail.booking).await?;
        let later = |other: &Mail| {
            other.id.number > mail.id.number
                && matches!(other.id.kind, MailKind::Reminder | MailKind::Moved)
        };
        Ok(mails.iter().any(later))
    }

    /// The campaign of a booking, with its slot: read again where what is known does not have it.
    async fn campaign(&self, booking: &Booking) -> Result<Option<Arc<Campaign>>, StoreError> {
        let known = self.campaigns.get(&booking.campaign);
        let known = known.filter(|campaign| campaign.slot(&booking.slot).is_some());
        if known.is_some() {
            return Ok(known);
        }
        let read = self.bookings.campaigns().await?.into_iter();
        let read = read.map(|campaign| (campaign.id.clone(), Arc::new(campaign)));
        *self.campaigns.0.lock().unwrap_or_else(PoisonError::into_inner) = read.collect();
        Ok(self.campaigns.get(&booking.campaign))
    }
}

impl Known {
    fn get(&self, id: &CampaignId) -> Option<Arc<Campaign>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Reads all of them again when the next one is needed.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Whom a letter tells, if what it tells is still so.
fn who(mail: &Mail, booking: &Booking) -> Option<Person> {
    match (mail.id.kind, booking.status) {
        (MailKind::Cancelled, _) => mail.recipient.clone(),
        (_, BookingStatus::Confirmed) => booking.registration.person.clone(),
        (_, BookingStatus::Cancelled { .. }) => None,
    }
}
