//! Letters: whether each arrived that had to, and once, where nobody died over it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Run;
use crate::booking::database::MailRow;
use crate::booking::history::{Asked, Event, Told};
use crate::booking::post::Letter;

/// A worker looks every second, and the machine may be busy.
const REMINDED_WITHIN_MS: i64 = 20_000;

impl Run<'_> {
    pub(super) fn never_arrived(&self) -> Vec<String> {
        let arrived = self.arrived();
        let stands = |mail: &&MailRow| matches!(mail.status.as_str(), "sent" | "bounced");
        let sent = self.database.mails.iter().filter(stands);
        let missing = sent.filter(|mail| !arrived.contains_key(mail.id.as_str()));
        missing.map(|mail| format!("{mail:?}")).collect()
    }

    /// In no run is there a receiver whom the mail server does not know.
    pub(super) fn not_sent(&self) -> Vec<String> {
        let end = self.events.iter().map(|event| event.answered).max().unwrap_or_default();
        let mails = self.database.mails.iter().filter(|_| self.course.has_post);
        mails
            .filter(|mail| mail.is_under_way(end) || mail.status == "failed")
            .map(|mail| format!("{mail:?}"))
            .collect()
    }

    pub(super) fn unfounded(&self) -> Vec<String> {
        let bookings = self.database.bookings.iter().map(|row| row.id.as_str());
        let entries = self.database.entries.iter().map(|row| row.id.as_str());
        let known: HashSet<&str> = bookings.chain(entries).collect();
        let mails = self.mails();
        let is_founded = |letter: &Letter| {
            let mail = mails.get(letter.id.as_str());
            mail.is_some_and(|mail| known.contains(mail.about.as_str()))
        };
        let unfounded = self.letters.iter().filter(|letter| !is_founded(letter));
        unfounded.map(|letter| letter.id.clone()).collect()
    }

    pub(super) fn not_confirmed(&self) -> Vec<String> {
        let arrived = self.arrived();
        let mut confirmations: BTreeMap<&str, usize> = BTreeMap::new();
        let is_confirmation = |mail: &&MailRow| mail.kind == "confirmed";
        for mail in self.database.mails.iter().filter(is_confirmation) {
            if arrived.contains_key(mail.id.as_str()) {
                *confirmations.entry(&mail.about).or_default() += 1;
            }
        }
        let bookings = self.database.bookings.iter().filter(|_| self.course.has_post);
        bookings
            .filter_map(|row| {
                let times = confirmations.get(row.id.as_str()).copied().unwrap_or_default();
                let is_right = times == 1 || (times == 0 && !row.is_confirmed());
                (!is_right).then(|| format!("{row:?}: {times} confirmations"))
            })
            .collect()
    }

    /// What was cut off must have come again: that it had arrived was never noted.
    pub(super) fn repeated(&self) -> Vec<String> {
        let mails = self.mails();
        let mut found = Vec::new();
        for (id, letters) in self.arrived() {
            let is_cut_off = self.course.cut_off.iter().any(|cut_off| cut_off == id);
            let times = letters.len();
            let mail = mails.get(id);
            // Meanwhile there may be nothing to tell any more.
            let is_dropped = mail.is_some_and(|mail| mail.status == "dropped");
            if (times > 1) != is_cut_off && !(is_dropped && times == 1) {
                found.push(format!("{id} arrived {times} times"));
            }
            let may_change = mail.is_some_and(|mail| self.asked_to_change(&mail.about));
            if letters.iter().any(|letter| letter.text != letters[0].text) && !may_change {
                found.push(format!("{id} became another"));
            }
        }
        let arrived = self.arrived();
        let missing = self.course.cut_off.iter().filter(|id| !arrived.contains_key(id.as_str()));
        found.extend(missing.map(|id| format!("{id} was never there")));
        found
    }

    pub(super) fn tried_in_vain(&self) -> Vec<String> {
        let is_calm = !self.course.mail_breaks && self.course.cut_off.is_empty();
        let mails = self.database.mails.iter().filter(|mail| is_calm && mail.attempts > 1);
        mails.map(|mail| format!("{mail:?}")).collect()
    }

    pub(super) fn ill_timed(&self) -> Vec<String> {
        let mails = self.mails();
        let mut reminded: HashSet<&str> = HashSet::new();
        let mut found = Vec::new();
        for letter in self.letters {
            let Some(mail) = mails.get(letter.id.as_str()) else { continue };
            if mail.kind != "reminder" {
                continue;
            }
            reminded.insert(&mail.about);
            let after_ms = self.course.reminders_due_at.map(|due_at| letter.at - due_at);
            if !after_ms.is_some_and(|after_ms| (0..=REMINDED_WITHIN_MS).contains(&after_ms)) {
                found.push(format!("{}, {after_ms:?} ms after it was due", letter.id));
            }
        }
        let rows = self.rows();
        let moved = self.events.iter().filter_map(moved).filter(|_| {
            // Elsewhere appointments are far away.
            self.course.reminders_due_at.is_some()
        });
        for booking in moved {
            let row = rows.get(booking).filter(|row| row.is_confirmed());
            if row.is_some_and(|row| !reminded.contains(row.id.as_str())) {
                found.push(format!("nobody was reminded of {booking}"));
            }
        }
        found
    }

    fn asked_to_change(&self, booking: &str) -> bool {
        let is_its = |id: &str| id.strip_prefix("booking_") == Some(booking);
        self.events.iter().any(|event| match &event.asked {
            Asked::Move { booking, .. } | Asked::Cancel { booking } => is_its(booking),
            _ => false,
        })
    }

    fn arrived(&self) -> BTreeMap<&str, Vec<&Letter>> {
        let mut arrived: BTreeMap<&str, Vec<&Letter>> = BTreeMap::new();
        for letter in self.letters {
            arrived.entry(letter.id.as_str()).or_default().push(letter);
        }
        arrived
    }

    fn mails(&self) -> HashMap<&str, &MailRow> {
        self.database.mails.iter().map(|mail| (mail.id.as_str(), mail)).collect()
    }
}

fn moved(event: &Event) -> Option<&str> {
    match (&event.asked, &event.told) {
        (Asked::Move { booking, .. }, Told::Moved(_)) => Some(booking),
        _ => None,
    }
}
