//! Booking and cancelling.

use std::collections::HashSet;
use std::sync::Arc;

use kernel::CampaignId;

use super::hold::is_of;
use super::{Decision, Earlier, NoEntry};
use crate::campaign::{Slot, SlotKey};
use crate::change::Cancellation;
use crate::command::{BookHold, BookSlot, CancelBooking, HoldId, PassGrant, Registration};
use crate::outcome::{
    BookHoldOutcome, BookSlotOutcome, Booked, CancelOutcome, Cancelled, Recorded,
};
use crate::person::PersonKey;
use crate::state::{Booking, BookingHead, BookingStatus, HoldState};

impl Decision {
    pub(super) fn book_hold(&mut self, command: &BookHold) -> BookHoldOutcome {
        match self.earlier(&command.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Booked(booked)) => return BookHoldOutcome::Booked(booked),
            Earlier::Same(_) | Earlier::Other => return BookHoldOutcome::KeyReused,
        }
        let may_be_booked = self.may_be_booked(&command.pass, command.binding);
        let campaign = self.state.campaigns.get(&command.pass.campaign).map(Arc::clone);
        let hold =
            self.state.holds.get_mut(&command.hold).filter(|hold| is_of(hold, &command.pass));
        let (Some(campaign), Some(hold)) = (campaign, hold) else {
            return BookHoldOutcome::HoldNotFound;
        };
        let Some(slot) = campaign.slot(&hold.slot) else {
            return BookHoldOutcome::HoldNotFound;
        };
        match hold.state {
            HoldState::Active => {}
            HoldState::Booked | HoldState::Released => return BookHoldOutcome::HoldEnded,
        }
        // Before the next question, whose answer says something about the person.
        if !may_be_booked {
            return BookHoldOutcome::PersonNotOfPass;
        }
        if has_booked(&self.state.active_persons, &command.pass.campaign, &command.registration) {
            return BookHoldOutcome::AlreadyBooked;
        }
        hold.seats_booked += 1;
        let hold_complete = hold.seats_booked == hold.seats;
        if hold_complete {
            hold.state = HoldState::Booked;
        }
        self.touched.holds.insert(command.hold);
        // The place is taken already: the seat of the hold becomes the seat of a person.
        let pass_use = self.pass_use(&command.pass);
        pass_use.seats_held = pass_use.seats_held.saturating_sub(1);
        pass_use.seats_booked += 1;
        let booked = self.confirm(
            &command.pass,
            slot,
            &command.registration,
            Some((command.hold, hold_complete)),
        );
        self.record(&command.idempotency, &command.pass.campaign, Recorded::Booked(booked.clone()));
        BookHoldOutcome::Booked(booked)
    }

    pub(super) fn book_slot(&mut self, command: &BookSlot) -> BookSlotOutcome {
        match self.earlier(&command.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Booked(booked)) => return BookSlotOutcome::Booked(booked),
            Earlier::Same(_) | Earlier::Other => return BookSlotOutcome::KeyReused,
        }
        let open = match self.open_slot(&command.pass, &command.slot) {
            Ok(open) => open,
            Err(NoEntry::CampaignNotFound) => return BookSlotOutcome::CampaignNotFound,
            Err(NoEntry::CampaignClosed) => return BookSlotOutcome::CampaignClosed,
            Err(NoEntry::NotEligible) => return BookSlotOutcome::NotEligible,
            Err(NoEntry::PassExpired) => return BookSlotOutcome::PassExpired,
            Err(NoEntry::PassEnded) => return BookSlotOutcome::PassEnded,
            Err(NoEntry::SlotNotFound) => return BookSlotOutcome::SlotNotFound,
        };
        if !self.may_be_booked(&command.pass, command.binding) {
            return BookSlotOutcome::PersonNotOfPass;
        }
        if has_booked(&self.state.active_persons, &command.pass.campaign, &command.registration) {
            return BookSlotOutcome::AlreadyBooked;
        }
        if self.seats_left(&command.pass) == 0 {
            return BookSlotOutcome::PassExhausted;
        }
        if open.places_left == 0 {
            return BookSlotOutcome::SlotFull;
        }
        self.take_places(&open, 1);
        self.pass_use(&command.pass).seats_booked += 1;
        let booked = self.confirm(&command.pass, open.slot(), &command.registration, None);
        self.record(&command.idempotency, &command.pass.campaign, Recorded::Booked(booked.clone()));
        BookSlotOutcome::Booked(booked)
    }

    /// Writes the booking down. The place, the pass and the hold are accounted for by the caller.
    fn confirm(
        &mut self,
        pass: &PassGrant,
        slot: &Slot,
        registration: &Arc<Registration>,
        hold: Option<(HoldId, bool)>,
    ) -> Booked {
        let booking = Booking {
            registration: Arc::clone(registration),
            campaign: pass.campaign.clone(),
            slot: slot.id.clone(),
            hold: hold.map(|(id, _)| id),
            pass_id: pass.pass_id,
            ags: pass.ags,
            booked_at: self.now,
            status: BookingStatus::Confirmed,
        };
        self.state.active_persons.insert((booking.campaign.clone(), registration.person_key));
        self.state.bookings.insert(registration.booking, BookingHead::from(&booking));
        self.touched.bookings_inserted.push(booking);
        Booked {
            booking: registration.booking,
            code: registration.code,
            slot: slot.id.clone(),
            site: slot.site.clone(),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            booked_at: self.now,
            hold_complete: hold.is_none_or(|(_, complete)| complete),
        }
    }

    pub(super) fn cancel_booking(&mut self, command: &CancelBooking) -> CancelOutcome {
        match self.earlier(&command.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Cancelled(cancelled)) => {
                return CancelOutcome::Cancelled(cancelled);
            }
            Earlier::Same(_) | Earlier::Other => return CancelOutcome::KeyReused,
        }
        let booking = self.state.bookings.get_mut(&command.booking);
        let Some(booking) = booking.filter(|booking| booking.campaign == command.campaign) else {
            return CancelOutcome::BookingNotFound;
        };
        if booking.manage_token_hash != command.manage_token_hash {
            return CancelOutcome::TokenInvalid;
        }
        match booking.status {
            BookingStatus::Confirmed => {}
            BookingStatus::Cancelled { .. } => return CancelOutcome::AlreadyCancelled,
        }
        booking.status = BookingStatus::Cancelled { at: self.now };
        let key = SlotKey { campaign: booking.campaign.clone(), slot: booking.slot.clone() };
        let person = (booking.campaign.clone(), booking.person_key);
        self.state.active_persons.remove(&person);
        self.free_places(key, 1);
        let cancelled = Cancelled { booking: command.booking, cancelled_at: self.now };
        self.mark_cancelled(cancelled);
        self.record(&command.idempotency, &command.campaign, Recorded::Cancelled(cancelled));
        CancelOutcome::Cancelled(cancelled)
    }

    fn mark_cancelled(&mut self, cancelled: Cancelled) {
        let Cancelled { booking, cancelled_at } = cancelled;
        let mut inserted = self.touched.bookings_inserted.iter_mut();
        match inserted.find(|inserted| inserted.registration.booking == booking) {
            Some(inserted) => {
                inserted.status = BookingStatus::Cancelled { at: cancelled_at };
                inserted.registration = Arc::new(inserted.registration.erased());
            }
            None => self.touched.bookings_cancelled.push(Cancellation { booking, cancelled_at }),
        }
    }
}

/// Whether the person has an active booking, under the key of today or the former one (P4).
fn has_booked(
    active_persons: &HashSet<(CampaignId, PersonKey)>,
    campaign: &CampaignId,
    registration: &Registration,
) -> bool {
    registration.person_keys().any(|key| active_persons.contains(&(campaign.clone(), key)))
}
