//! What changes of a booking that exists.

use super::BookingId;
use crate::batch::Decision;
use crate::campaign::{OpenSlot, SlotId, SlotKey};

/// What of a booking is another one than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingChange {
    /// The booking.
    pub booking: BookingId,
    /// Its slot.
    pub slot: SlotId,
}

impl Decision {
    /// Moves a confirmed booking to a slot that has a place: one is taken there, and that of the booking
    /// is free.
    pub(super) fn move_to(&mut self, id: BookingId, target: &OpenSlot) {
        let Some(booking) = self.state.bookings.get_mut(&id) else { return };
        let left = std::mem::replace(&mut booking.slot, target.key.slot.clone());
        let key = SlotKey { campaign: booking.campaign.clone(), slot: left };
        self.take_places(target, 1);
        self.free_places(key, 1);
        let slot = target.key.slot.clone();
        let mut inserted = self.touched.bookings_inserted.iter_mut();
        match inserted.find(|inserted| inserted.registration.booking == id) {
            Some(inserted) => inserted.slot = slot,
            None => {
                self.touched.bookings_changed.insert(id, BookingChange { booking: id, slot });
            }
        }
    }
}
