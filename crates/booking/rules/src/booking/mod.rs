//! Bookings: one person's place in one slot.

mod ask_link;
mod book_group;
mod book_hold;
mod book_slot;
mod cancel_booking;
mod change;
mod change_contact;
mod clear_place;
mod confirm;
mod correct_person;
mod erase_person;
mod move_booking;
mod on_hold;
mod registration;
mod rotate_token;

use std::sync::Arc;

use kernel::{Ags, CampaignId, Timestamp, prefixed_id};
use pass::PassId;

use crate::campaign::SlotId;
use crate::car::CarId;
use crate::hold::HoldId;
use crate::person::PersonKey;

pub use ask_link::{AskLink, AskLinkOutcome, LINK_PAUSE};
pub use book_group::{BookGroup, BookGroupOutcome, GroupMember};
pub use book_hold::{BookHold, BookHoldOutcome};
pub use book_slot::{BookSlot, BookSlotOutcome};
pub(crate) use cancel_booking::NotManaged;
pub use cancel_booking::{CancelBooking, CancelOutcome, Cancelled};
pub use change::{BookingChange, PersonChange};
pub use change_contact::{ChangeContact, ChangeContactOutcome, ContactChanged};
pub use clear_place::{ClearPlace, ClearPlaceOutcome, TakenBy};
pub use confirm::Booked;
pub(crate) use confirm::PaidBy;
pub use correct_person::{CorrectOutcome, CorrectPerson, Corrected, Correction};
pub use erase_person::{ErasePerson, ErasePersonOutcome, Erased};
pub use move_booking::{MoveBooking, MoveOutcome, Moved};
pub use registration::{BookingCode, Registration, TokenHash};
pub use rotate_token::{NewToken, RotateToken, RotateTokenOutcome, RotatedBy, TokenRotated};

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
    /// Which of its tokens manages it: 0 until one takes the place of the first.
    pub token_generation: u32,
    /// How often it has become another appointment: moved, for somebody else, cancelled. It never
    /// falls, and is the `SEQUENCE` of its calendar entry.
    pub sequence: u32,
    /// When its link was last asked for by somebody who had lost it.
    pub link_asked_at: Option<Timestamp>,
    /// The car that others may come in, or that it comes in itself.
    pub car: Option<CarId>,
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
    /// Which of its tokens manages it.
    pub token_generation: u32,
    /// How often it has become another appointment.
    pub sequence: u32,
    /// When its link was last asked for by somebody who had lost it.
    pub link_asked_at: Option<Timestamp>,
    /// The car that it is in.
    pub car: Option<CarId>,
}

impl BookingHead {
    /// Whether it is known who has the place: not once they had it erased.
    #[must_use]
    pub fn has_person(&self) -> bool {
        ![PersonKey::ERASED, PersonKey::nobody(self.id)].contains(&self.person_key)
    }
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
            token_generation: booking.token_generation,
            sequence: booking.sequence,
            link_asked_at: booking.link_asked_at,
            car: booking.car,
        }
    }
}
