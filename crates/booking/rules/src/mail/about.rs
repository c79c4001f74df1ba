//! What a letter is about.

use std::fmt;

use crate::booking::BookingId;
use crate::waitlist::{OfferId, WaitlistEntryId};

/// What a letter is about. Whoever sends it looks that up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailAbout {
    /// A booking.
    Booking(BookingId),
    /// An entry of a waitlist.
    Entry(WaitlistEntryId),
    /// A place that is offered to an entry.
    Offer {
        /// The offer.
        offer: OfferId,
        /// The entry.
        entry: WaitlistEntryId,
    },
}

/// Writes the id.
impl fmt::Display for MailAbout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booking(booking) => booking.fmt(f),
            Self::Entry(entry) => entry.fmt(f),
            Self::Offer { offer, .. } => offer.fmt(f),
        }
    }
}
