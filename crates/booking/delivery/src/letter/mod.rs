//! A letter: its texts, its papers, and the whole as it is sent.

mod message;
mod texts;
mod when;

use booking::{Booking, Campaign, Mail, MailKind, Offer, Person, Slot, WaitlistEntryId};
use booking_papers::{CalendarEntry, Parties, calendar, qr_svg};
use kernel::Timestamp;
pub use lettre::message::Mailbox;
pub use message::Letter;

/// What is the same in all letters of an operator.
#[derive(Clone, Debug)]
pub struct Letterhead {
    /// Who writes.
    pub from: Mailbox,
    /// Where answers go, if elsewhere.
    pub reply_to: Option<Mailbox>,
    /// The page on which people see and change their booking; without it letters have no link.
    pub public_url: Option<String>,
}

/// What a letter is made of.
pub struct Material<'a> {
    /// The letter.
    pub mail: &'a Mail,
    /// Whom it tells.
    pub person: &'a Person,
    /// The campaign.
    pub campaign: &'a Campaign,
    /// What it is about.
    pub about: About<'a>,
}

/// What a letter is about, with the token that answers it.
#[derive(Clone, Copy)]
pub enum About<'a> {
    /// A booking.
    Booking {
        /// The booking.
        booking: &'a Booking,
        /// Its slot.
        slot: &'a Slot,
        /// The token with which it is managed.
        manage_token: &'a str,
    },
    /// An entry of the waitlist.
    Entry {
        /// The entry.
        entry: WaitlistEntryId,
        /// The token with which it is managed.
        token: &'a str,
    },
    /// A place that is offered.
    Offer {
        /// The offer.
        offer: &'a Offer,
        /// Its slot.
        slot: &'a Slot,
        /// The token of the entry.
        token: &'a str,
    },
}

/// A letter cannot be written. It does not say what was in it (P15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// The address cannot be written to.
    #[error("the address is none that mail can be sent to")]
    Address,
    /// The templates or the parts of the message do not fit together.
    #[error("the letter cannot be written")]
    Unwritable,
}

/// A file that goes with a letter.
struct Paper {
    name: &'static str,
    media_type: String,
    content: String,
}

/// Writes a letter. `at` is when its calendar entry was made.
pub fn write(
    material: &Material<'_>,
    head: &Letterhead,
    at: Timestamp,
) -> Result<Letter, LetterError> {
    let texts = texts::render(material, head)?;
    let papers = papers(material, head, at);
    message::assemble(material, head, &texts, papers)
}

impl Material<'_> {
    const fn is_cancelled(&self) -> bool {
        matches!(self.mail.id.kind, MailKind::Cancelled)
    }
}

/// Of a booking the calendar entry, which replaces an earlier one or takes it away, and what is shown at the gate.
fn papers(material: &Material<'_>, head: &Letterhead, at: Timestamp) -> Vec<Paper> {
    let About::Booking { booking, slot, .. } = material.about else { return Vec::new() };
    let organizer = head.from.email.to_string();
    let code = booking.registration.code;
    let entry = CalendarEntry {
        booking: booking.registration.booking,
        code,
        // Events are numbered as they happen, so what happened later counts more.
        sequence: booking.sequence,
        cancelled: material.is_cancelled(),
        campaign: material.campaign,
        slot,
        parties: material
            .person
            .email()
            .map(|attendee| Parties { organizer: &organizer, attendee }),
        language: material.person.language(),
    };
    let mut papers = vec![Paper {
        name: "termin.ics",
        media_type: format!("text/calendar; charset=utf-8; method={}", entry.method()),
        content: calendar(&entry, at),
    }];
    if !material.is_cancelled() {
        papers.push(Paper {
            name: "code.svg",
            media_type: "image/svg+xml".to_owned(),
            content: qr_svg(code, material.person.language()),
        });
    }
    papers
}

#[cfg(test)]
mod tests;
