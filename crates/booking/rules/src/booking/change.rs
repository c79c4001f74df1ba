//! What changes of a booking that exists.

use std::sync::Arc;

use kernel::{CampaignId, Timestamp};

use super::{Booked, Booking, BookingId, Correction, NewToken};
use crate::batch::Decision;
use crate::campaign::{OpenSlot, SlotId, SlotKey};
use crate::car::{CarChange, CarId};
use crate::event::What;
use crate::person::{Person, PersonKey};

/// What of a booking is another one than before; the rest is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingChange {
    /// The booking.
    pub booking: BookingId,
    /// Its campaign: what is stored of a person is bound to it.
    pub campaign: CampaignId,
    /// Its slot, if it is another one.
    pub slot: Option<SlotId>,
    /// Who it is for, if something about that has changed. Never of a booking that was cancelled in the
    /// same batch.
    pub person: Option<PersonChange>,
    /// Its token, if it is another one.
    pub token: Option<NewToken>,
    /// Its car, if it is another one or none any more. Never of a booking that was cancelled in the same
    /// batch.
    pub car: Option<CarChange>,
    /// When its link was asked for, if it was.
    pub link_asked_at: Option<Timestamp>,
    /// How many more times it has become another appointment, cancellations apart.
    pub steps: u32,
}

/// What has changed of whom a booking is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonChange {
    /// It is for this person, or for the same one written like this.
    Corrected(Arc<Correction>),
    /// The same person, who is reached in another way; given whole.
    Contact(Arc<Person>),
    /// It has its place, and is nobody's any more.
    Erased,
}

impl PersonChange {
    /// Whether the booking has another key after it.
    #[must_use]
    pub const fn is_another_key(&self) -> bool {
        match self {
            Self::Corrected(_) | Self::Erased => true,
            Self::Contact(_) => false,
        }
    }
}

impl Decision {
    /// Moves a confirmed booking to a slot that has a place: one is taken there, and that of the booking
    /// is free. The car that it was in comes without it.
    pub(super) fn move_to(&mut self, id: BookingId, target: &OpenSlot) {
        let Some(booking) = self.state.bookings.get_mut(&id) else { return };
        let left = std::mem::replace(&mut booking.slot, target.key.slot.clone());
        let campaign = booking.campaign.clone();
        let key = SlotKey { campaign: campaign.clone(), slot: left };
        self.take_places(target, 1);
        let (from, to) = (key.slot.clone(), target.key.slot.clone());
        self.tell(&campaign, What::Moved { booking: id, from, to });
        self.free_places(key, 1);
        let slot = target.key.slot.clone();
        match self.place_of(id) {
            Place::New(inserted) => inserted.slot = slot,
            Place::Known(change) => change.slot = Some(slot),
        }
        self.take_out_of_car(id);
        self.step(id);
    }

    /// Gives a confirmed booking to the person of the correction.
    pub(super) fn exchange(&mut self, id: BookingId, correction: &Arc<Correction>) {
        let Some(booking) = self.state.bookings.get_mut(&id) else { return };
        let former = std::mem::replace(&mut booking.person_key, correction.person_key);
        let campaign = booking.campaign.clone();
        self.tell(&campaign, What::PersonCorrected { booking: id });
        self.state.active_persons.remove(&(campaign.clone(), former));
        self.end_waiting(&campaign, &correction.person_keys(), id);
        self.state.active_persons.insert((campaign, correction.person_key));
        match self.place_of(id) {
            Place::New(inserted) => {
                inserted.registration = Arc::new(inserted.registration.corrected(correction));
            }
            Place::Known(change) => {
                change.person = Some(PersonChange::Corrected(Arc::clone(correction)));
            }
        }
        self.step(id);
    }

    /// Lets the person of a confirmed booking be reached as `person` says, who is the same.
    pub(super) fn reach(&mut self, id: BookingId, person: &Arc<Person>) {
        match self.place_of(id) {
            Place::New(inserted) => {
                inserted.registration = Arc::new(inserted.registration.with_person(person));
            }
            Place::Known(change) => {
                change.person = Some(PersonChange::Contact(Arc::clone(person)));
            }
        }
    }

    /// Forgets whom a confirmed booking is for, and with whom they came. It keeps its place.
    pub(super) fn erase(&mut self, id: BookingId) {
        let Some(booking) = self.state.bookings.get_mut(&id) else { return };
        let former = std::mem::replace(&mut booking.person_key, PersonKey::nobody(id));
        let campaign = booking.campaign.clone();
        self.state.active_persons.remove(&(campaign, former));
        match self.place_of(id) {
            Place::New(inserted) => {
                inserted.registration = Arc::new(inserted.registration.of_nobody());
            }
            Place::Known(change) => change.person = Some(PersonChange::Erased),
        }
        self.take_out_of_car(id);
    }

    /// Gives a booking another token; the one it had manages nothing any more.
    pub(super) fn give_token(&mut self, id: BookingId, token: NewToken) {
        let Some(booking) = self.state.bookings.get_mut(&id) else { return };
        (booking.manage_token_hash, booking.token_generation) = (token.hash, token.generation);
        match self.place_of(id) {
            Place::New(inserted) => {
                inserted.registration = Arc::new(inserted.registration.with_token(token.hash));
                inserted.token_generation = token.generation;
            }
            Place::Known(change) => change.token = Some(token),
        }
    }

    /// Whoever has just been booked comes in this car, if in one.
    pub(super) fn bring_in_car(&mut self, booked: &mut Booked, car: Option<CarId>) {
        booked.car = car;
        if let Some(car) = car {
            self.put_in_car(booked.booking, car);
        }
    }

    /// A confirmed booking is in this car; its seat there is taken by the caller.
    pub(crate) fn put_in_car(&mut self, id: BookingId, car: CarId) {
        let Some(booking) = self.state.bookings.get_mut(&id) else { return };
        booking.car = Some(car);
        match self.place_of(id) {
            Place::New(inserted) => inserted.car = Some(car),
            Place::Known(change) => change.car = Some(CarChange::Enters(car)),
        }
    }

    /// A confirmed booking is in no car any more: its seat there is free.
    fn take_out_of_car(&mut self, id: BookingId) {
        let left = self.state.bookings.get_mut(&id).and_then(|booking| booking.car.take());
        if left.is_none() {
            return;
        }
        self.give_back_seats_in_car(left, 1);
        match self.place_of(id) {
            Place::New(inserted) => inserted.car = None,
            Place::Known(change) => change.car = Some(CarChange::Leaves),
        }
    }

    /// Notes that the link of a booking was asked for.
    pub(super) fn note_link_asked(&mut self, id: BookingId) {
        let now = self.now;
        let Some(booking) = self.state.bookings.get_mut(&id) else { return };
        booking.link_asked_at = Some(now);
        match self.place_of(id) {
            Place::New(inserted) => inserted.link_asked_at = Some(now),
            Place::Known(change) => change.link_asked_at = Some(now),
        }
    }

    /// Who it is for, and its car, are erased with the cancellation; all else that has changed of it is not.
    pub(super) fn forget_what_is_cancelled(&mut self, id: BookingId) {
        if let Some(change) = self.touched.bookings_changed.get_mut(&id) {
            (change.person, change.car) = (None, None);
            if *change == BookingChange::none(id, change.campaign.clone()) {
                self.touched.bookings_changed.remove(&id);
            }
        }
    }

    /// The booking is another appointment than before.
    fn step(&mut self, id: BookingId) {
        if let Some(booking) = self.state.bookings.get_mut(&id) {
            booking.sequence += 1;
        }
        match self.place_of(id) {
            Place::New(inserted) => inserted.sequence += 1,
            Place::Known(change) => change.steps += 1,
        }
    }

    /// Where it is written down what changes of a booking.
    fn place_of(&mut self, id: BookingId) -> Place<'_> {
        let mut inserted = self.touched.bookings_inserted.iter_mut();
        if let Some(inserted) = inserted.find(|inserted| inserted.registration.booking == id) {
            return Place::New(inserted);
        }
        let campaign = &self.state.bookings[&id].campaign;
        let changed = self.touched.bookings_changed.entry(id);
        Place::Known(changed.or_insert_with(|| BookingChange::none(id, campaign.clone())))
    }
}

/// A booking as it is written at the end of the batch.
enum Place<'a> {
    /// It was made in this batch, and is inserted as it is then.
    New(&'a mut Booking),
    /// It was there before.
    Known(&'a mut BookingChange),
}

impl BookingChange {
    /// Nothing of this booking has changed.
    const fn none(booking: BookingId, campaign: CampaignId) -> Self {
        Self {
            booking,
            campaign,
            slot: None,
            person: None,
            token: None,
            car: None,
            link_asked_at: None,
            steps: 0,
        }
    }
}
