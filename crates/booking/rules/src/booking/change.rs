//! What changes of a booking that exists.

use std::sync::Arc;

use super::{BookingId, Correction};
use crate::batch::Decision;
use crate::campaign::{OpenSlot, SlotId, SlotKey};
use crate::event::What;

/// What of a booking is another one than before; the rest is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingChange {
    /// The booking.
    pub booking: BookingId,
    /// Its slot, if it is another one.
    pub slot: Option<SlotId>,
    /// Who it is for, if that is somebody else or their data are others. Never of a booking that was
    /// cancelled in the same batch.
    pub person: Option<Arc<Correction>>,
}

impl Decision {
    /// Moves a confirmed booking to a slot that has a place: one is taken there, and that of the booking
    /// is free.
    pub(super) fn move_to(&mut self, id: BookingId, target: &OpenSlot) {
        let Some(booking) = self.state.bookings.get_mut(&id) else { return };
        let left = std::mem::replace(&mut booking.slot, target.key.slot.clone());
        let key = SlotKey { campaign: booking.campaign.clone(), slot: left };
        self.take_places(target, 1);
        let (from, to) = (key.slot.clone(), target.key.slot.clone());
        self.tell(&key.campaign, What::Moved { booking: id, from, to });
        self.free_places(key, 1);
        let slot = target.key.slot.clone();
        let mut inserted = self.touched.bookings_inserted.iter_mut();
        match inserted.find(|inserted| inserted.registration.booking == id) {
            Some(inserted) => inserted.slot = slot,
            None => self.change_of(id).slot = Some(slot),
        }
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
        let mut inserted = self.touched.bookings_inserted.iter_mut();
        match inserted.find(|inserted| inserted.registration.booking == id) {
            Some(inserted) => {
                inserted.registration = Arc::new(inserted.registration.corrected(correction));
            }
            None => self.change_of(id).person = Some(Arc::clone(correction)),
        }
    }

    /// Who it is for is erased with the cancellation; the slot it was in is not.
    pub(super) fn forget_correction(&mut self, id: BookingId) {
        if let Some(change) = self.touched.bookings_changed.get_mut(&id) {
            change.person = None;
            if change.slot.is_none() {
                self.touched.bookings_changed.remove(&id);
            }
        }
    }

    fn change_of(&mut self, booking: BookingId) -> &mut BookingChange {
        let unchanged = BookingChange { booking, slot: None, person: None };
        self.touched.bookings_changed.entry(booking).or_insert(unchanged)
    }
}
