//! Rows: whether the database agrees with itself.

use std::collections::BTreeMap;

use super::Run;
use crate::booking::campaign::SEATS_MAX;
use crate::booking::database::{BookingRow, EntryRow};

impl Run<'_> {
    pub(super) fn oversold(&self) -> Vec<String> {
        let slots = self.database.slots.iter();
        slots
            .filter(|slot| {
                let given = slot.taken + slot.reserved;
                !(slot.reserved >= 0 && given <= slot.released && slot.released <= slot.capacity)
            })
            .map(|slot| format!("{slot:?}"))
            .collect()
    }

    pub(super) fn miscounted(&self) -> Vec<String> {
        let slots = self.database.slots.iter();
        slots
            .filter_map(|slot| {
                let booked = self.confirmed().filter(|row| row.slot == slot.id).count();
                let open = self.database.holds.iter().filter(|hold| hold.slot == slot.id);
                let held: i64 = open
                    .filter(|hold| hold.state == "active")
                    .map(|hold| hold.seats - hold.seats_booked)
                    .sum();
                let counted = i64::try_from(booked).unwrap_or(i64::MAX).saturating_add(held);
                (slot.taken != counted).then(|| {
                    format!("{}: {} taken, {booked} booked, {held} held", slot.id, slot.taken)
                })
            })
            .collect()
    }

    /// Who waits has no booking besides.
    pub(super) fn booked_twice(&self) -> Vec<String> {
        let booked = self.confirmed().map(|row| row.person_key.as_str());
        let persons = count(booked.chain(self.waiting().map(|row| row.person_key.as_str())));
        let twice = persons.into_iter().filter(|(_, times)| *times > 1);
        twice.map(|(person, times)| format!("{person}: {times} times")).collect()
    }

    /// The seats that a hold counts as booked are bookings, which may have been cancelled since.
    pub(super) fn held_twice(&self) -> Vec<String> {
        let booked = count(self.database.bookings.iter().filter_map(|row| row.hold.as_deref()));
        let holds = self.database.holds.iter();
        holds
            .filter_map(|hold| {
                let bookings = booked.get(hold.id.as_str()).copied().unwrap_or_default();
                let agrees = i64::try_from(bookings) == Ok(hold.seats_booked);
                (!agrees).then(|| format!("{hold:?} has {bookings} bookings"))
            })
            .collect()
    }

    pub(super) fn overspent(&self) -> Vec<String> {
        let booked = self.confirmed().map(|row| row.pass.as_str());
        let passes = count(booked.chain(self.waiting().map(|row| row.pass.as_str())));
        let overspent = passes.into_iter().filter(|(_, seats)| *seats > SEATS_MAX);
        overspent.map(|(pass, seats)| format!("{pass}: {seats} seats")).collect()
    }

    fn waiting(&self) -> impl Iterator<Item = &EntryRow> {
        self.database.entries.iter().filter(|row| row.is_waiting())
    }

    fn confirmed(&self) -> impl Iterator<Item = &BookingRow> {
        self.database.bookings.iter().filter(|row| row.is_confirmed())
    }
}

fn count<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}
