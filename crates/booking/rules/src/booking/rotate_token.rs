//! Giving a booking another token.

use kernel::CampaignId;
use serde::{Deserialize, Serialize};

use super::cancel_booking::NotManaged;
use super::{BookingId, TokenHash};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::event::{Actor, What};

/// Gives a booking the token of the next generation. The one it had is worth nothing from then on, for
/// cancelling and moving as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotateToken {
    /// The campaign of the booking.
    pub campaign: CampaignId,
    /// The booking.
    pub booking: BookingId,
    /// Who wants it.
    pub by: RotatedBy,
    /// The token that it gets.
    pub token: NewToken,
}

/// Who wants another token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotatedBy {
    /// Whoever has the one that is in force.
    Holder {
        /// The hash of the token presented.
        manage_token_hash: TokenHash,
        /// At most once.
        idempotency: Idempotency,
    },
    /// The program itself, which sends it to the recorded address.
    Letter {
        /// At most once for each letter: when that is sent again it has the same token.
        idempotency: Idempotency,
    },
}

/// A token to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Its hash.
    pub hash: TokenHash,
    /// The how manieth after the first it is.
    pub generation: u32,
}

/// What came of giving a booking another token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotateTokenOutcome {
    /// It has the token.
    Rotated(TokenRotated),
    /// There is no such booking.
    BookingNotFound,
    /// The token is not that of the booking.
    TokenInvalid,
    /// The booking was cancelled.
    AlreadyCancelled,
    /// It has got another token meanwhile.
    Superseded,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// The facts of a new token, without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRotated {
    /// The booking.
    pub booking: BookingId,
    /// The generation of its token.
    pub generation: u32,
}

impl Asks for RotateToken {
    type Outcome = RotateTokenOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        match &self.by {
            RotatedBy::Holder { idempotency, .. } | RotatedBy::Letter { idempotency } => {
                Some(idempotency)
            }
        }
    }

    fn actor(&self) -> Actor {
        match self.by {
            RotatedBy::Holder { .. } => Actor::TokenOf(self.booking),
            RotatedBy::Letter { .. } => Actor::Letter,
        }
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.bookings.push(self.booking);
    }

    fn carry_out(&self, decision: &mut Decision) -> RotateTokenOutcome {
        match self.idempotency().map(|idempotency| decision.earlier(idempotency)) {
            None | Some(Earlier::Nothing) => {}
            Some(Earlier::Same(Recorded::TokenRotated(rotated))) => {
                return RotateTokenOutcome::Rotated(rotated);
            }
            Some(Earlier::Same(_) | Earlier::Other) => return RotateTokenOutcome::KeyReused,
        }
        let Some(head) = decision.booking_of(&self.campaign, self.booking) else {
            return RotateTokenOutcome::BookingNotFound;
        };
        let presented = match self.by {
            RotatedBy::Holder { manage_token_hash, .. } => manage_token_hash,
            RotatedBy::Letter { .. } => head.manage_token_hash,
        };
        let next = head.token_generation.checked_add(1);
        match decision.managed(&self.campaign, self.booking, presented) {
            Ok(_) => {}
            Err(NotManaged::NotFound) => return RotateTokenOutcome::BookingNotFound,
            Err(NotManaged::TokenInvalid) => return RotateTokenOutcome::TokenInvalid,
            Err(NotManaged::Cancelled) => return RotateTokenOutcome::AlreadyCancelled,
        }
        if next != Some(self.token.generation) {
            return RotateTokenOutcome::Superseded;
        }
        decision.give_token(self.booking, self.token);
        decision.tell(&self.campaign, What::TokenRotated { booking: self.booking });
        let rotated = TokenRotated { booking: self.booking, generation: self.token.generation };
        if let Some(idempotency) = self.idempotency() {
            decision.record(idempotency, &self.campaign, Recorded::TokenRotated(rotated));
        }
        RotateTokenOutcome::Rotated(rotated)
    }
}
