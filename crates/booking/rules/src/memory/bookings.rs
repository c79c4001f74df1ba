//! Bookings of the model: making, changing, cancelling.

use std::sync::Arc;

use kernel::{CampaignId, Timestamp};

use super::{Tables, broken};
use crate::booking::{
    Booking, BookingChange, BookingCode, BookingStatus, Cancelled, PersonChange, Registration,
};
use crate::car::{CarChange, CarId, CarUse};
use crate::store::StoreError;

impl Tables {
    /// Who is in a car, and which seats in it are kept.
    pub(super) fn car_use(&self, car: CarId, now: Timestamp) -> Option<CarUse> {
        let is_in = |booking: &&Booking| {
            booking.car == Some(car) && booking.status == BookingStatus::Confirmed
        };
        let bookings = self.bookings.values().filter(is_in);
        let bookings = bookings.map(|booking| (&booking.campaign, &booking.slot, 1));
        let holds = self.holds.values().filter(|hold| hold.car == Some(car) && hold.is_open(now));
        let holds = holds.map(|hold| (&hold.campaign, &hold.slot, hold.seats_open()));
        let mut taken = bookings.chain(holds);
        let (campaign, slot, first) = taken.next()?;
        let seats = taken.map(|(_, _, seats)| seats).fold(first, u8::saturating_add);
        Some(CarUse { campaign: campaign.clone(), slot: slot.clone(), seats })
    }

    pub(super) fn bookings_with_code(
        &self,
        campaign: &CampaignId,
        code: BookingCode,
        bookings_max: u32,
    ) -> Vec<Booking> {
        let mut found: Vec<&Booking> = self
            .bookings
            .values()
            .filter(|booking| {
                booking.campaign == *campaign
                    && booking.registration.code == code
                    && booking.status == BookingStatus::Confirmed
            })
            .collect();
        found.sort_unstable_by_key(|booking| booking.registration.booking);
        let bookings_max = usize::try_from(bookings_max).unwrap_or(usize::MAX);
        found.into_iter().take(bookings_max).cloned().collect()
    }

    pub(super) fn cancel_bookings(&mut self, cancelled: Vec<Cancelled>) -> Result<(), StoreError> {
        for cancellation in cancelled {
            let booking =
                self.bookings.get_mut(&cancellation.booking).ok_or(broken("no such booking"))?;
            if booking.status != BookingStatus::Confirmed {
                return Err(broken("P5: a booking is cancelled once"));
            }
            booking.status = BookingStatus::Cancelled { at: cancellation.cancelled_at };
            booking.sequence += 1;
            booking.car = None;
            self.active_persons
                .remove(&(booking.campaign.clone(), booking.registration.person_key));
            booking.registration = Arc::new(booking.registration.erased());
        }
        Ok(())
    }

    /// The persons of all changed bookings go before the first one comes: two may change places.
    pub(super) fn change_bookings(
        &mut self,
        changes: Vec<BookingChange>,
    ) -> Result<(), StoreError> {
        for change in &changes {
            let booking = self.bookings.get(&change.booking).ok_or(broken("no such booking"))?;
            if change.person.as_ref().is_some_and(PersonChange::is_another_key) {
                let person = (booking.campaign.clone(), booking.registration.person_key);
                self.active_persons.remove(&person);
            }
        }
        for change in changes {
            let booking =
                self.bookings.get_mut(&change.booking).ok_or(broken("no such booking"))?;
            booking.slot = change.slot.unwrap_or_else(|| booking.slot.clone());
            booking.sequence += change.steps;
            booking.link_asked_at = change.link_asked_at.or(booking.link_asked_at);
            match change.car {
                None => {}
                Some(CarChange::Enters(car)) => booking.car = Some(car),
                Some(CarChange::Leaves) => booking.car = None,
            }
            if let Some(token) = change.token {
                booking.token_generation = token.generation;
                booking.registration = Arc::new(booking.registration.with_token(token.hash));
            }
            let Some(person) = change.person else { continue };
            if booking.status != BookingStatus::Confirmed {
                return Err(broken("a cancelled booking is nobody's"));
            }
            booking.registration = Arc::new(match &person {
                PersonChange::Corrected(correction) => booking.registration.corrected(correction),
                PersonChange::Contact(person) => booking.registration.with_person(person),
                PersonChange::Erased => booking.registration.of_nobody(),
            });
            let is_somebody_else = matches!(person, PersonChange::Corrected(_));
            let person = (booking.campaign.clone(), booking.registration.person_key);
            if is_somebody_else && !self.active_persons.insert(person) {
                return Err(broken("P4: one active booking per person and campaign"));
            }
        }
        Ok(())
    }

    pub(super) fn insert_bookings(&mut self, inserted: Vec<Booking>) -> Result<(), StoreError> {
        for mut booking in inserted {
            let stored = Registration {
                former_person_key: None,
                ..Registration::clone(&booking.registration)
            };
            booking.registration = Arc::new(stored);
            let person = (booking.campaign.clone(), booking.registration.person_key);
            if booking.status == BookingStatus::Confirmed && !self.active_persons.insert(person) {
                return Err(broken("P4: one active booking per person and campaign"));
            }
            if self.bookings.insert(booking.registration.booking, booking).is_some() {
                return Err(broken("a booking id is used once"));
            }
        }
        Ok(())
    }
}
