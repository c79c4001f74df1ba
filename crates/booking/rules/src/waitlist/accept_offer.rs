//! Accepting an offer.

use std::sync::Arc;

use kernel::CampaignId;

use super::{OfferId, WaitlistEntryId};
use crate::batch::Idempotency;
use crate::booking::{Booked, Registration, TokenHash};

/// Turns an offer into a booking. The first to accept get the places; for who comes too late in that
/// sense nothing changes, and they go on waiting where they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptOffer {
    /// The campaign of the entry.
    pub campaign: CampaignId,
    /// The entry.
    pub entry: WaitlistEntryId,
    /// The hash of the token presented.
    pub token_hash: TokenHash,
    /// The offer.
    pub offer: OfferId,
    /// The booking to be, for the person of the entry.
    pub registration: Arc<Registration>,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of accepting an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptOutcome {
    /// The person has the place.
    Booked(Booked),
    /// There is no such entry.
    EntryNotFound,
    /// The token is not that of the entry.
    TokenInvalid,
    /// The person has a place by another request or another way.
    AlreadyBooked {
        /// The booking.
        booking: crate::booking::BookingId,
    },
    /// The person has left the waitlist.
    EntryLeft,
    /// The entry has no such offer.
    OfferNotFound,
    /// The deadline has passed.
    OfferExpired,
    /// The offer was declined or withdrawn, or its slot takes nobody any more.
    OfferEnded,
    /// Others were faster; the person goes on waiting and has lost nothing.
    PlaceGone,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality any more.
    NotEligible,
    /// The idempotency key belongs to another request.
    KeyReused,
}
