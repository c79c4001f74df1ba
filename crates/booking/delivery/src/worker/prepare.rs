//! What becomes of a letter before anybody is asked to take it.

use booking::service::token_for_letter;
use booking::{
    Booking, BookingId, BookingStatus, EntryStanding, Mail, MailAbout, MailEnd, MailKind, OfferId,
    Person, Reason, StoreError, WaitlistEntryId,
};
use kernel::Timestamp;

use super::office::Office;
use crate::letter::{self, About, Letter, LetterError, Material};

/// What becomes of a letter before anybody is asked to take it.
pub(super) enum Prepared {
    Letter(Box<Letter>),
    Ended(MailEnd),
}

impl Prepared {
    fn dropped(reason: &str) -> Self {
        Self::Ended(MailEnd::Dropped(Reason::new(reason)))
    }

    fn failed(reason: &str) -> Self {
        Self::Ended(MailEnd::Failed(Reason::new(reason)))
    }
}

impl Office {
    /// Writes a letter, if what it tells is so and there is somebody to tell it to.
    pub(super) async fn prepare(
        &self,
        mail: &Mail,
        now: Timestamp,
    ) -> Result<Prepared, StoreError> {
        match mail.about {
            MailAbout::Booking(booking) => self.prepare_of_booking(mail, booking, now).await,
            MailAbout::Entry(entry) => self.prepare_of_entry(mail, entry, None, now).await,
            MailAbout::Offer { offer, entry } => {
                self.prepare_of_entry(mail, entry, Some(offer), now).await
            }
        }
    }

    async fn prepare_of_booking(
        &self,
        mail: &Mail,
        booking: BookingId,
        now: Timestamp,
    ) -> Result<Prepared, StoreError> {
        let Some(booking) = self.bookings.booking(booking).await? else {
            return Ok(Prepared::dropped(Reason::NO_BOOKING));
        };
        let campaign = self.campaign(&booking.campaign, Some(&booking.slot)).await?;
        let slot = campaign.as_deref().and_then(|campaign| campaign.slot(&booking.slot));
        let (Some(campaign), Some(slot)) = (&campaign, slot) else {
            return Ok(Prepared::dropped(Reason::NO_BOOKING));
        };
        let is_over =
            slot.ends_at <= now || (mail.id.kind == MailKind::Reminder && slot.starts_at <= now);
        if is_over || self.is_replaced(mail, &booking).await? {
            return Ok(Prepared::dropped(Reason::OVERTAKEN));
        }
        let Some(person) = self.who(mail, &booking).await? else {
            return Ok(Prepared::dropped(Reason::OVERTAKEN));
        };
        if person.email().is_none() {
            return Ok(Prepared::dropped(Reason::NO_ADDRESS));
        }
        if mail.id.kind == MailKind::Link && self.head.public_url.is_none() {
            return Ok(Prepared::failed(Reason::NO_PAGE));
        }
        let Some(manage_token) = self.manage_token(mail, &booking).await? else {
            return Ok(Prepared::dropped(Reason::OVERTAKEN));
        };
        let about = About::Booking { booking: &booking, slot, manage_token: &manage_token };
        Ok(self.write(&Material { mail, person: &person, campaign, about }))
    }

    /// The offer has to be the latest of the entry, and open.
    async fn prepare_of_entry(
        &self,
        mail: &Mail,
        entry: WaitlistEntryId,
        offer: Option<OfferId>,
        now: Timestamp,
    ) -> Result<Prepared, StoreError> {
        let Some(EntryStanding { entry, offer: latest, .. }) =
            self.bookings.waitlist_entry(entry).await?
        else {
            return Ok(Prepared::dropped(Reason::NO_BOOKING));
        };
        let Some(person) = entry.person.as_ref().filter(|_| entry.state.is_waiting()) else {
            return Ok(Prepared::dropped(Reason::OVERTAKEN));
        };
        let open = latest.filter(|latest| Some(latest.id) == offer && latest.is_open(now));
        if open.is_none() && offer.is_some() {
            return Ok(Prepared::dropped(Reason::OVERTAKEN));
        }
        let slot = open.as_ref().map(|open| &open.slot);
        let Some(campaign) = self.campaign(&entry.campaign, slot).await? else {
            return Ok(Prepared::dropped(Reason::NO_BOOKING));
        };
        if campaign.closes_at <= now {
            return Ok(Prepared::dropped(Reason::OVERTAKEN));
        }
        if person.email().is_none() {
            return Ok(Prepared::dropped(Reason::NO_ADDRESS));
        }
        let token = self.secrets.entry_token(entry.id);
        let about = match &open {
            None => About::Entry { entry: entry.id, token: &token },
            Some(offer) => match campaign.slot(&offer.slot) {
                Some(slot) => About::Offer { offer, slot, token: &token },
                None => return Ok(Prepared::dropped(Reason::OVERTAKEN)),
            },
        };
        Ok(self.write(&Material { mail, person, campaign: &campaign, about }))
    }

    fn write(&self, material: &Material<'_>) -> Prepared {
        match letter::write(material, &self.head, material.mail.made_at) {
            Ok(letter) => Prepared::Letter(Box::new(letter)),
            Err(LetterError::Address) => Prepared::failed("wrong_address"),
            Err(LetterError::Unwritable) => Prepared::failed(Reason::UNWRITABLE),
        }
    }

    /// The token that the letter takes along. One that was lost is replaced; `None` if that has happened again
    /// since this letter did it.
    async fn manage_token(
        &self,
        mail: &Mail,
        booking: &Booking,
    ) -> Result<Option<String>, StoreError> {
        let id = booking.registration.booking;
        if mail.id.kind == MailKind::Link {
            return token_for_letter(&*self.bookings, &self.secrets, id, &mail.id).await;
        }
        Ok(Some(self.secrets.manage_token(id, booking.token_generation)))
    }

    /// Whether a later letter tells what this one would: a move has a reminder of its own, and of two links that
    /// were asked for the later one is good.
    async fn is_replaced(&self, mail: &Mail, booking: &Booking) -> Result<bool, StoreError> {
        let by: &[MailKind] = match mail.id.kind {
            MailKind::Reminder => &[MailKind::Reminder, MailKind::Moved],
            MailKind::Link => &[MailKind::Link],
            MailKind::Cancelled
            | MailKind::Confirmed
            | MailKind::Corrected
            | MailKind::Moved
            | MailKind::Offer
            | MailKind::Waitlisted => return Ok(false),
        };
        let mails = self.mails.mails_of(booking.registration.booking).await?;
        let later = |other: &Mail| other.id.number > mail.id.number && by.contains(&other.id.kind);
        Ok(mails.iter().any(later))
    }

    /// Whom a letter tells, if what it tells is still so.
    async fn who(&self, mail: &Mail, booking: &Booking) -> Result<Option<Person>, StoreError> {
        Ok(match (mail.id.kind, booking.status) {
            (MailKind::Cancelled, _) => {
                // They may have had themselves erased since the letter was lent.
                let mails = self.mails.mails_of(booking.registration.booking).await?;
                mails.into_iter().find(|kept| kept.id == mail.id).and_then(|kept| kept.recipient)
            }
            (_, BookingStatus::Confirmed) => booking.registration.person.clone(),
            (_, BookingStatus::Cancelled { .. }) => None,
        })
    }
}
