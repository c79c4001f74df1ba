//! What takes the places of a slot and the seats of a pass.

use kernel::Timestamp;
use pass::PassId;

use super::Tables;
use crate::booking::{BookingStatus, TakenBy};
use crate::campaign::SlotKey;
use crate::hold::{Hold, HoldState};
use crate::store::SlotUse;

impl Tables {
    pub(super) fn slot_use(&self, slot: &SlotKey, page_max: u32) -> SlotUse {
        let holds = self.holds.values().filter(|hold| {
            hold.campaign == slot.campaign
                && hold.slot == slot.slot
                && hold.state == HoldState::Active
        });
        let mut holds: Vec<_> = holds.map(|hold| (hold.id, hold.pass_id)).collect();
        holds.sort_unstable();
        let bookings = self.bookings.values().filter(|booking| {
            booking.campaign == slot.campaign
                && booking.slot == slot.slot
                && booking.status == BookingStatus::Confirmed
        });
        let mut bookings: Vec<_> = bookings.map(|booking| booking.registration.booking).collect();
        bookings.sort_unstable();
        let page_max = usize::try_from(page_max).unwrap_or(usize::MAX);
        let page =
            holds.iter().map(|(hold, pass_id)| TakenBy::Hold { hold: *hold, pass_id: *pass_id });
        let page = page.chain(bookings.iter().copied().map(TakenBy::Booking)).take(page_max);
        SlotUse {
            taken: self.slots.get(slot).map_or(0, |counters| counters.taken),
            reserved: self.slots.get(slot).map_or(0, |counters| counters.reserved),
            bookings: bookings.len() as u64,
            holds: holds.len() as u64,
            page: page.collect(),
        }
    }

    pub(super) fn seats_taken(&self, pass: PassId, now: Timestamp) -> u8 {
        let holds = self.holds.values().filter(|hold| hold.pass_id == pass && hold.is_open(now));
        let held: u8 = holds.map(Hold::seats_open).sum();
        let booked = self.bookings.values().filter(|booking| {
            booking.pass_id == pass && booking.status == BookingStatus::Confirmed
        });
        let waiting =
            self.entries.values().filter(|entry| entry.pass_id == pass && entry.state.is_waiting());
        let used = booked.count() + waiting.count();
        held.saturating_add(u8::try_from(used).unwrap_or(u8::MAX))
    }
}
