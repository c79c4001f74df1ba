//! How the mail about a booking stands, as its person is told.

use kernel::Timestamp;

use super::{Mail, MailKind, MailStatus, Reason};

/// How the mail about a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// Nothing is sent: there is no address, or the mail is turned off.
    None,
    /// A letter is on its way to the mail server.
    Pending,
    /// The mail server has taken the last letter.
    Sent,
    /// The last letter cannot be sent.
    Failed,
    /// The last letter was reported as not delivered.
    Bounced,
}

/// How the mail about a booking stands: as its last letter does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailStanding {
    /// In a word.
    pub state: MailState,
    /// Since when, where it stands still.
    pub since: Option<Timestamp>,
    /// Why it has not arrived.
    pub reason: Option<Reason>,
}

impl MailStanding {
    /// Nothing is sent.
    pub const NONE: Self = Self { state: MailState::None, since: None, reason: None };

    /// How the mail about a booking stands, given its letters. Between what happens and its letter lies a
    /// moment, so a person with an address and no letter yet has one on its way.
    #[must_use]
    pub fn of(mails: &[Mail], has_address: bool) -> Self {
        let counts = |mail: &&Mail| match mail.status {
            MailStatus::Pending => mail.id.kind != MailKind::Reminder,
            MailStatus::Sent | MailStatus::Failed | MailStatus::Bounced => true,
            MailStatus::Dropped => false,
        };
        // What is on its way will be the last; a report that comes late says most about the address.
        let order = |mail: &&Mail| (mail.settled_at.is_none(), mail.settled_at, mail.made_at);
        let last = mails.iter().filter(counts).max_by_key(order);
        let Some(last) = last else {
            let state =
                if has_address && mails.is_empty() { MailState::Pending } else { MailState::None };
            return Self { state, ..Self::NONE };
        };
        let state = match last.status {
            MailStatus::Pending if has_address || last.recipient.is_some() => MailState::Pending,
            MailStatus::Pending | MailStatus::Dropped => MailState::None,
            MailStatus::Sent => MailState::Sent,
            MailStatus::Failed => MailState::Failed,
            MailStatus::Bounced => MailState::Bounced,
        };
        let reason = last.reason.clone().filter(|_| state != MailState::None);
        Self { state, since: last.settled_at, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::scene;
    use crate::mail::{MailAbout, MailId};

    fn mail(kind: MailKind, status: MailStatus, settled_at: Option<u64>) -> Mail {
        Mail {
            id: MailId { campaign: scene::slot("rehearsal"), number: 2, kind, copy: 0 },
            about: MailAbout::Booking(scene::booking_id(1)),
            made_at: scene::at(0),
            due_at: scene::at(0),
            attempts: 1,
            status,
            settled_at: settled_at.map(scene::at),
            reason: Some(Reason::new("550 5.1.1")),
            recipient: None,
        }
    }

    #[test]
    fn the_last_letter_says_how_the_mail_stands() {
        let sent = mail(MailKind::Confirmed, MailStatus::Sent, Some(10));
        let reminder = mail(MailKind::Reminder, MailStatus::Pending, None);
        let moved = mail(MailKind::Moved, MailStatus::Pending, None);
        let bounced = mail(MailKind::Corrected, MailStatus::Bounced, Some(20));
        let dropped = mail(MailKind::Confirmed, MailStatus::Dropped, Some(30));
        let state = |mails: &[&Mail], has_address| {
            let mails: Vec<Mail> = mails.iter().copied().cloned().collect();
            MailStanding::of(&mails, has_address).state
        };
        assert_eq!(state(&[], true), MailState::Pending, "about to be made");
        assert_eq!(state(&[], false), MailState::None);
        assert_eq!(state(&[&dropped], false), MailState::None);
        assert_eq!(state(&[&sent, &reminder], true), MailState::Sent, "a reminder is no news");
        assert_eq!(state(&[&sent, &moved], true), MailState::Pending);
        assert_eq!(state(&[&moved], false), MailState::None, "nobody to send it to");
        assert_eq!(state(&[&bounced, &sent], true), MailState::Bounced);
        let standing = MailStanding::of(&[bounced], true);
        assert_eq!(standing.since, Some(scene::at(20)));
        assert_eq!(standing.reason.expect("a reason").as_str(), "550 5.1.1");
    }

    #[test]
    fn a_reason_has_no_address_in_it() {
        let said = Reason::new("550 5.1.1 <anna.muster@example.org>: ÄÖ unknown");
        assert!(!said.as_str().contains('@') && !said.as_str().contains('<'), "{said}");
        assert!(Reason::new(&"9".repeat(100)).as_str().len() <= 48);
    }
}
