//! Bookings: one person's place in one slot.

mod book_group;
mod book_hold;
mod book_slot;
mod cancel_booking;
mod change;
mod clear_place;
mod confirm;
mod correct_person;
mod move_booking;
mod on_hold;
mod registration;

use std::sync::Arc;

use kernel::{Ags, CampaignId, Timestamp, prefixed_id};
use pass::PassId;

use crate::campaign::SlotId;
use crate::hold::HoldId;
use crate::person::PersonKey;

pub use book_group::{BookGroup, BookGroupOutcome, GroupMember};
pub use book_hold::{BookHold, BookHoldOutcome};
pub use book_slot::{BookSlot, BookSlotOutcome};
pub use cancel_booking::{CancelBooking, CancelOutcome, Cancelled};
pub use change::BookingChange;
pub use clear_place::{ClearPlace, ClearPlaceOutcome, TakenBy};
pub use confirm::Booked;
pub(crate) use confirm::PaidBy;
pub use correct_person::{CorrectOutcome, CorrectPerson, Corrected, Correction};
pub use move_booking::{MoveBooking, MoveOutcome, Moved};
pub use registration::{BookingCode, Registration, TokenHash};

prefixed_id!(
    /// A booking.
    BookingId,
    "booking"
);

/// Where a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingStatus {
    /// The person has the place.
    Confirmed,
    /// The place was given back.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

/// One person's confirmed place, completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Id, code, person, blind index and token hash.
    pub registration: Arc<Registration>,
    /// The campaign.
    pub campaign: CampaignId,
    /// The slot.
    pub slot: SlotId,
    /// The hold it was made on; `None` when booked in one step.
    pub hold: Option<HoldId>,
    /// The pass that paid for it.
    pub pass_id: PassId,
    /// How many bookings the pass had made with this one, those cancelled since included.
    pub seat_no: u8,
    /// The municipality of the pass.
    pub ags: Ags,
    /// When it was made.
    pub booked_at: Timestamp,
    /// Where it stands.
    pub status: BookingStatus,
}

/// The part of a booking that a batch looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingHead {
    /// The id.
    pub id: BookingId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The slot.
    pub slot: SlotId,
    /// The pass that paid for it.
    pub pass_id: PassId,
    /// The blind index of the person, of whichever version it was stored with.
    pub person_key: PersonKey,
    /// The hash of the token that manages it.
    pub manage_token_hash: TokenHash,
    /// Where it stands.
    pub status: BookingStatus,
}

impl From<&Booking> for BookingHead {
    fn from(booking: &Booking) -> Self {
        Self {
            id: booking.registration.booking,
            campaign: booking.campaign.clone(),
            slot: booking.slot.clone(),
            pass_id: booking.pass_id,
            person_key: booking.registration.person_key,
            manage_token_hash: booking.registration.manage_token_hash,
            status: booking.status,
        }
    }
}
