//! The waitlist: whether offers end once and in time, as whoever answered them was told.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Run;
use super::chain::What;
use crate::booking::database::{EntryRow, OfferRow};
use crate::booking::history::{Asked, Told};

impl Run<'_> {
    /// Told and not there, there and not told, or ended though nobody has asked for it.
    pub(super) fn not_waiting(&self) -> Vec<String> {
        let rows = self.entries();
        let bookings = self.rows();
        let (mut told, mut gone) = (HashSet::new(), HashSet::new());
        for event in self.events {
            if let Told::Joined(id, _) = &event.told {
                told.insert(id.as_str());
            }
            if let Asked::Leave { entry } | Asked::Decline { entry, stay: false, .. } = &event.asked
            {
                gone.insert(entry.as_str());
            }
        }
        let missing = told.iter().filter(|id| !rows.contains_key(**id));
        let mut found: Vec<String> = missing.map(|id| format!("{id} is not there")).collect();
        for (id, row) in rows {
            let booking = row.booking.as_ref().map(|booking| format!("booking_{booking}"));
            let is_right = match row.state.as_str() {
                "booked" => booking.is_some_and(|booking| bookings.contains_key(&booking)),
                "left" => gone.contains(id.as_str()),
                _ => true,
            };
            if !is_right || !told.contains(id.as_str()) {
                found.push(format!("nobody has asked for {row:?}"));
            }
        }
        found
    }

    /// By the events: a row alone cannot have ended twice.
    pub(super) fn offers_mistold(&self) -> Vec<String> {
        let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for what in self.told_events() {
            let (offer, state) = match what {
                Ok(What::OfferMade { offer }) => (offer, "open"),
                Ok(What::OfferAccepted { offer }) => (offer, "accepted"),
                Ok(What::OfferDeclined { offer }) => (offer, "declined"),
                Ok(What::OfferExpired { offer }) => (offer, "expired"),
                Ok(What::OfferWithdrawn { offer }) => (offer, "withdrawn"),
                Ok(
                    What::Booked { .. } | What::Moved { .. } | What::Cancelled { .. } | What::Else,
                )
                | Err(_) => continue,
            };
            told.entry(offer).or_default().push(state);
        }
        let mut found = Vec::new();
        for (id, row) in self.offers() {
            let states = told.remove(&id).unwrap_or_default();
            let expected =
                if row.is_open() { vec!["open"] } else { vec!["open", row.state.as_str()] };
            if states != expected {
                found.push(format!("{row:?}, told {states:?}"));
            }
        }
        found.extend(told.into_keys().map(|id| format!("{id} is not there")));
        found
    }

    pub(super) fn untimely(&self) -> Vec<String> {
        let offers = self.database.offers.iter();
        offers
            .filter(|offer| {
                offer.ended_at.is_some_and(|ended_at| match offer.state.as_str() {
                    "accepted" | "declined" => ended_at >= offer.expires_at,
                    "expired" => ended_at < offer.expires_at,
                    _ => false,
                })
            })
            .map(|offer| format!("{offer:?}"))
            .collect()
    }

    pub(super) fn answered_otherwise(&self) -> Vec<String> {
        let (entries, offers) = (self.entries(), self.offers());
        let mut found = Vec::new();
        for event in self.events {
            let (Asked::Accept { entry, offer, .. } | Asked::Decline { entry, offer, .. }) =
                &event.asked
            else {
                continue;
            };
            let (entry, offer) = (entries.get(entry), offers.get(offer));
            let state = offer.map(|offer| offer.state.as_str());
            let booking = entry.and_then(|entry| entry.booking.as_deref());
            let is_right = match &event.told {
                Told::Booked(booked) => {
                    let is_its = booked.id.strip_prefix("booking_") == booking;
                    state == Some("accepted") && is_its
                }
                Told::Declined => state == Some("declined"),
                Told::Refused { code, .. } => match code.as_str() {
                    "already-booked" => booking.is_some(),
                    "offer-expired" => {
                        let was_over = offer.is_some_and(|row| row.expires_at <= event.answered);
                        was_over && state != Some("accepted")
                    }
                    _ => true,
                },
                _ => true,
            };
            if !is_right {
                found.push(format!("{:?}: {:?}, and it is {offer:?}", event.asked, event.told));
            }
        }
        found
    }

    fn entries(&self) -> HashMap<String, &EntryRow> {
        self.database.entries.iter().map(|row| (format!("wait_{}", row.id), row)).collect()
    }

    fn offers(&self) -> HashMap<String, &OfferRow> {
        self.database.offers.iter().map(|row| (format!("offer_{}", row.id), row)).collect()
    }
}
