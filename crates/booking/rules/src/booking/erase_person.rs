//! Erasing whom a booking is for.

use kernel::{CampaignId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{BookingId, BookingStatus, TokenHash};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::event::{Actor, What};
use crate::person::PersonKey;

/// Erases whom a booking is for, because they want it. Before its slot begins the place is given back
/// with it; afterwards it was used, or was not, and stays counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasePerson {
    /// The campaign of the booking.
    pub campaign: CampaignId,
    /// The booking.
    pub booking: BookingId,
    /// The hash of the token presented.
    pub manage_token_hash: TokenHash,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of erasing a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasePersonOutcome {
    /// Nobody knows any more who it was, now or since before.
    Erased(Erased),
    /// There is no such booking.
    BookingNotFound,
    /// The token is not that of the booking.
    TokenInvalid,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// The facts of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// The booking.
    pub booking: BookingId,
    /// When its place was given back, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
}

impl Asks for ErasePerson {
    type Outcome = ErasePersonOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        Some(&self.idempotency)
    }

    fn actor(&self) -> Actor {
        Actor::TokenOf(self.booking)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.bookings.push(self.booking);
    }

    fn carry_out(&self, decision: &mut Decision) -> ErasePersonOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Erased(erased)) => return ErasePersonOutcome::Erased(erased),
            Earlier::Same(_) | Earlier::Other => return ErasePersonOutcome::KeyReused,
        }
        let Some(head) = decision.booking_of(&self.campaign, self.booking) else {
            return ErasePersonOutcome::BookingNotFound;
        };
        if head.manage_token_hash != self.manage_token_hash {
            return ErasePersonOutcome::TokenInvalid;
        }
        let campaign = decision.state.campaigns.get(&self.campaign);
        let slot = campaign.and_then(|campaign| campaign.slot(&head.slot));
        let has_begun = slot.is_some_and(|slot| slot.starts_at <= decision.now);
        let cancelled_at = match head.status {
            // Whoever cancelled was erased with it.
            BookingStatus::Cancelled { at } => Some(at),
            BookingStatus::Confirmed if has_begun => {
                if head.has_person() {
                    decision.erase(self.booking);
                    self.tell(decision);
                }
                None
            }
            BookingStatus::Confirmed => {
                self.tell(decision);
                Some(decision.cancel(self.booking).cancelled_at)
            }
        };
        // A letter about a cancellation has the person until it is sent.
        decision.touched.bookings_forgotten.insert(self.booking);
        let erased = Erased { booking: self.booking, cancelled_at };
        decision.record(&self.idempotency, &self.campaign, Recorded::Erased(erased));
        ErasePersonOutcome::Erased(erased)
    }
}

impl PersonKey {
    /// What is stored in place of a key while a booking has its place and is nobody's any more: keys of
    /// active bookings differ.
    #[must_use]
    pub fn nobody(booking: BookingId) -> Self {
        let mut key = [0; 32];
        let (first, second) = key.split_at_mut(16);
        first.copy_from_slice(booking.as_bytes());
        second.copy_from_slice(booking.as_bytes());
        Self(key)
    }
}

impl ErasePerson {
    fn tell(&self, decision: &mut Decision) {
        decision.tell(&self.campaign, What::PersonErased { booking: self.booking });
    }
}
