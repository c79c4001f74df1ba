//! Effects: what was told is there, once, and stays.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::Run;
use crate::booking::history::{Asked, Booked, Event, Told};

impl Run<'_> {
    pub(super) fn lost(&self) -> Vec<String> {
        let rows = self.rows();
        let (cancelled, moved) = (self.asked_to_cancel(), self.asked_to_move());
        let mut found = Vec::new();
        for (id, booked) in self.told_bookings() {
            let is_elsewhere =
                |slot: &str| slot != booked.slot && moved.get(id).is_none_or(|to| *to != slot);
            match rows.get(id) {
                None => found.push(format!("{id} is not there")),
                Some(row) if is_elsewhere(&row.slot) || row.code != booked.code => {
                    found.push(format!("{id} is another: {row:?}"));
                }
                Some(row) if !row.is_confirmed() && !cancelled.contains(id) => {
                    found.push(format!("{id} is {} though nobody asked for it", row.status));
                }
                Some(_) => {}
            }
        }
        let held: HashSet<String> =
            self.database.holds.iter().map(|hold| format!("hold_{}", hold.id)).collect();
        for event in self.events {
            if let Told::Held(id, _) = &event.told
                && !held.contains(id)
            {
                found.push(format!("{id} is not there"));
            }
        }
        found
    }

    /// As the owner reads it; only the token is told once.
    pub(super) fn changed(&self) -> Vec<String> {
        let told = self.told_bookings();
        let (cancelled, moved) = (self.asked_to_cancel(), self.asked_to_move());
        let mut found = Vec::new();
        for event in self.events {
            if let (Asked::Show { booking }, Told::Shown(now)) = (&event.asked, &event.told)
                && let Some(then) = told.get(booking.as_str())
                && !cancelled.contains(booking.as_str())
                && !moved.contains_key(booking.as_str())
                && without_token_and_mail(&then.body) != without_token_and_mail(now)
            {
                found.push(format!("{booking}: {} became {now}", then.body));
            }
        }
        found
    }

    pub(super) fn different_replies(&self) -> Vec<String> {
        let mut first: HashMap<&str, &Value> = HashMap::new();
        let mut found = Vec::new();
        for event in self.events {
            if let (Some(key), Some(body)) = (event.key(), body(event)) {
                let before = *first.entry(key).or_insert(body);
                if before != body {
                    found.push(format!("{key}: {before}, later {body}"));
                }
            }
        }
        found
    }

    pub(super) fn untold(&self) -> Vec<String> {
        let told = self.told_bookings();
        let held: HashSet<&str> = self
            .events
            .iter()
            .filter_map(|event| match &event.told {
                Told::Held(id, _) => Some(id.as_str()),
                Told::Booked(_)
                | Told::Released
                | Told::Cancelled
                | Told::Moved(_)
                | Told::Shown(_)
                | Told::Joined(..)
                | Told::Entry(_)
                | Told::Declined
                | Told::Left
                | Told::Seen
                | Told::Refused { .. }
                | Told::Nothing { .. } => None,
            })
            .collect();
        let bookings = self.rows().into_keys().filter(|id| !told.contains_key(id.as_str()));
        let holds = self.database.holds.iter().map(|hold| format!("hold_{}", hold.id));
        bookings.chain(holds.filter(|id| !held.contains(id.as_str()))).collect()
    }

    pub(super) fn still_confirmed(&self) -> Vec<String> {
        let rows = self.rows();
        let events = self.events.iter();
        events
            .filter_map(|event| match (&event.asked, &event.told) {
                (Asked::Cancel { booking }, Told::Cancelled) => Some(booking),
                _ => None,
            })
            .filter(|id| rows.get(*id).is_some_and(|row| row.is_confirmed()))
            .cloned()
            .collect()
    }

    /// Where it was is free again, or its places are miscounted.
    pub(super) fn not_moved(&self) -> Vec<String> {
        let rows = self.rows();
        let mut found = Vec::new();
        for event in self.events {
            if let (Asked::Move { booking, slot }, Told::Moved(to)) = (&event.asked, &event.told) {
                let is_in = rows.get(booking).map(|row| row.slot.as_str());
                if slot != to || is_in != Some(slot) {
                    found.push(format!("{booking} to {slot}, told {to}, is in {is_in:?}"));
                }
            }
        }
        found
    }

    /// By what was asked for, whatever the database takes for one person.
    pub(super) fn told_twice(&self) -> Vec<String> {
        let cancelled = self.asked_to_cancel();
        let mut told: BTreeMap<usize, HashSet<&str>> = BTreeMap::new();
        for event in self.events {
            if let (
                Asked::Book { person, .. }
                | Asked::Confirm { person, .. }
                | Asked::Accept { person, .. },
                Told::Booked(booked),
            ) = (&event.asked, &event.told)
                && !cancelled.contains(booked.id.as_str())
            {
                told.entry(*person).or_default().insert(&booked.id);
            }
        }
        let twice = told.into_iter().filter(|(_, bookings)| bookings.len() > 1);
        twice.map(|(person, bookings)| format!("person {person}: {bookings:?}")).collect()
    }

    fn told_bookings(&self) -> BTreeMap<&str, &Booked> {
        self.events.iter().filter_map(Event::booked).map(|told| (&*told.id, told)).collect()
    }

    /// Where to, also where the answer got lost. Nobody moves twice.
    fn asked_to_move(&self) -> HashMap<&str, &str> {
        let events = self.events.iter();
        events
            .filter_map(|event| match &event.asked {
                Asked::Move { booking, slot } => Some((booking.as_str(), slot.as_str())),
                _ => None,
            })
            .collect()
    }

    /// Also those whose answer got lost.
    fn asked_to_cancel(&self) -> HashSet<&str> {
        let events = self.events.iter();
        events
            .filter_map(|event| match &event.asked {
                Asked::Cancel { booking } => Some(booking.as_str()),
                Asked::Book { .. }
                | Asked::Hold { .. }
                | Asked::Confirm { .. }
                | Asked::Release { .. }
                | Asked::Move { .. }
                | Asked::Show { .. }
                | Asked::Join { .. }
                | Asked::LookUp { .. }
                | Asked::Accept { .. }
                | Asked::Decline { .. }
                | Asked::Leave { .. }
                | Asked::Look => None,
            })
            .collect()
    }
}

fn body(event: &Event) -> Option<&Value> {
    match &event.told {
        Told::Booked(booked) => Some(&booked.body),
        Told::Held(_, body) | Told::Joined(_, body) => Some(body),
        Told::Released
        | Told::Cancelled
        | Told::Moved(_)
        | Told::Shown(_)
        | Told::Entry(_)
        | Told::Declined
        | Told::Left
        | Told::Seen
        | Told::Refused { .. }
        | Told::Nothing { .. } => None,
    }
}

/// What stays: the token is told once, and how the mail stands changes by itself.
fn without_token_and_mail(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("manage_token");
        members.remove("mail");
    }
    body
}
