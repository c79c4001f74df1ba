//! What the simulated people were promised, written down once, so that a promise broken to one of them is noticed
//! against what another one was told.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::summary::Promise;
use super::wire::Identity;

/// Notes beyond this many would only repeat the first ones.
const NOTES_MAX: usize = 20;
/// Tickets of people who left, kept to look whether they are still good at the end.
const LEFT_BEHIND_MAX: usize = 500;

/// A booking answered 201.
#[derive(Clone, Debug)]
pub(super) struct Booked {
    pub id: String,
    pub manage_token: String,
    pub slot: String,
    pub identity: Identity,
}

/// A ticket whose holder has left without redeeming it.
#[derive(Clone, Debug)]
pub(super) struct LeftBehind {
    pub ticket: String,
    pub entry: u64,
    pub place: Option<u64>,
}

/// Live counts; gauges and totals for the progress and the summary.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub turned_away: AtomicU64,
    pub gathering: AtomicU64,
    pub waiting: AtomicU64,
    /// People who may still come, or try to book or to join the waitlist.
    pub booking: AtomicU64,
    /// Distinct bookings answered 201.
    pub booked: AtomicU64,
    /// Holds of ours that may still become bookings or free seats.
    pub holds_open: AtomicU64,
    /// Places lost by holders of valid tickets.
    pub lost_places: AtomicU64,
    /// Distinct entries of the waitlist answered 201.
    pub waitlisted: AtomicU64,
    /// Distinct offers that people have seen.
    pub offered: AtomicU64,
    /// Offers answered 201, and those declined.
    pub accepted: AtomicU64,
    pub declined: AtomicU64,
    /// Bookings cancelled.
    pub cancelled: AtomicU64,
}

impl Counts {
    /// How much has happened on the waitlist: it grows as long as something does.
    pub(super) fn stirred(&self) -> u64 {
        let counts =
            [&self.waitlisted, &self.offered, &self.accepted, &self.declined, &self.cancelled];
        counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// What is known of a booking that its holder wanted to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancelling {
    /// It was asked for, and no answer came.
    Asked,
    /// It was answered.
    Done,
}

/// The epoch in which an entry was issued, and its number.
pub(super) type Entry = (u64, u64);

#[derive(Debug, Default)]
struct Records {
    ticket_of_entry: HashMap<Entry, String>,
    pass_of_entry: HashMap<Entry, String>,
    booked: HashMap<String, Booked>,
    cancelling: HashMap<String, Cancelling>,
    waitlisted: HashSet<String>,
    offers: HashSet<String>,
    left_behind: Vec<LeftBehind>,
    broken: BTreeSet<Promise>,
    notes: Vec<String>,
}

/// The ledger of one rush.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub counts: Counts,
    records: Mutex<Records>,
}

impl Ledger {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down something odd; only the first few are kept.
    pub(super) fn note(&self, note: impl FnOnce() -> String) {
        let mut records = self.records();
        if records.notes.len() < NOTES_MAX {
            records.notes.push(note());
        }
    }

    /// Writes down a broken promise and how it was seen.
    pub(super) fn broken(&self, promise: Promise, seen: impl FnOnce() -> String) {
        self.records().broken.insert(promise);
        self.note(|| format!("{}: {}", promise.name(), seen()));
    }

    /// A holder of a valid ticket lost the place.
    pub(super) fn lost_place(&self, seen: impl FnOnce() -> String) {
        self.counts.lost_places.fetch_add(1, Ordering::Relaxed);
        self.broken(Promise::LostPlace, seen);
    }

    /// A join was answered with this ticket.
    pub(super) fn entered(&self, entry: Entry, ticket: &str) {
        let known = self
            .records()
            .ticket_of_entry
            .entry(entry)
            .or_insert_with(|| ticket.to_owned())
            .clone();
        if known != ticket {
            self.broken(Promise::EntryIssuedTwice, || format!("entry {entry:?} is on two tickets"));
        }
    }

    /// A ticket was redeemed; doing so again must give the same pass.
    pub(super) fn admitted(&self, entry: Entry, pass: &str) {
        let known =
            self.records().pass_of_entry.entry(entry).or_insert_with(|| pass.to_owned()).clone();
        if known != pass {
            self.broken(Promise::TwoPasses, || {
                format!("entry {entry:?} was redeemed for two different passes")
            });
        }
    }

    /// A booking was answered 201.
    pub(super) fn booked(&self, booked: Booked) {
        if self.records().booked.insert(booked.id.clone(), booked).is_none() {
            self.counts.booked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Somebody waits for a place; joining was answered with this entry.
    pub(super) fn waitlisted(&self, entry: &str) {
        if self.records().waitlisted.insert(entry.to_owned()) {
            self.counts.waitlisted.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Somebody was offered a place.
    pub(super) fn offered(&self, offer: &str) {
        if self.records().offers.insert(offer.to_owned()) {
            self.counts.offered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How far the cancellation of a booking is.
    pub(super) fn cancelling(&self, booking: &str, how_far: Cancelling) {
        let before = self.records().cancelling.insert(booking.to_owned(), how_far);
        if how_far == Cancelling::Done && before != Some(Cancelling::Done) {
            self.counts.cancelled.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a booking was to be cancelled.
    pub(super) fn how_cancelled(&self, booking: &str) -> Option<Cancelling> {
        self.records().cancelling.get(booking).copied()
    }

    /// Somebody left for good with a ticket in the pocket.
    pub(super) fn left_behind(&self, left: LeftBehind) {
        let mut records = self.records();
        if records.left_behind.len() < LEFT_BEHIND_MAX {
            records.left_behind.push(left);
        }
    }

    /// All bookings answered 201 so far.
    pub(super) fn bookings(&self) -> Vec<Booked> {
        self.records().booked.values().cloned().collect()
    }

    /// Takes the tickets of those who left.
    pub(super) fn take_left_behind(&self) -> Vec<LeftBehind> {
        std::mem::take(&mut self.records().left_behind)
    }

    /// Distinct entries and passes issued so far.
    pub(super) fn issued(&self) -> (u64, u64) {
        let records = self.records();
        let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        (count(records.ticket_of_entry.len()), count(records.pass_of_entry.len()))
    }

    /// Names of the broken promises, and the notes.
    pub(super) fn findings(&self) -> (Vec<&'static str>, Vec<String>) {
        let records = self.records();
        let broken = records.broken.iter().map(|promise| promise.name()).collect();
        (broken, records.notes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_on_two_tickets_is_noticed_and_a_repeated_reply_is_not() {
        let ledger = Ledger::default();
        ledger.entered((1, 4), "a");
        ledger.entered((1, 4), "a");
        ledger.entered((2, 4), "c");
        assert_eq!(ledger.findings().0, Vec::<&str>::new(), "another epoch, another entry");
        ledger.entered((1, 4), "b");
        assert_eq!(ledger.findings().0, ["P8 entry issued twice"]);
        assert_eq!(ledger.issued(), (2, 0));
    }

    #[test]
    fn two_passes_of_one_entry_are_noticed() {
        let ledger = Ledger::default();
        ledger.admitted((1, 1), "pass");
        ledger.admitted((1, 2), "another");
        ledger.admitted((1, 1), "pass");
        assert_eq!(ledger.findings().0, Vec::<&str>::new());
        ledger.admitted((1, 1), "another");
        assert_eq!(ledger.findings().0, ["P9 two passes"]);
    }

    #[test]
    fn notes_are_bounded() {
        let ledger = Ledger::default();
        for number in 0..100 {
            ledger.note(|| format!("odd {number}"));
        }
        assert_eq!(ledger.findings().1.len(), NOTES_MAX);
    }
}
