//! Changing how the person of a booking is reached.

use std::sync::Arc;

use kernel::CampaignId;
use serde::{Deserialize, Serialize};

use super::cancel_booking::NotManaged;
use super::{BookingId, TokenHash};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::event::{Actor, What};
use crate::person::Person;

/// Changes how the person of a booking is reached. Who it is stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeContact {
    /// The campaign of the booking.
    pub campaign: CampaignId,
    /// The booking.
    pub booking: BookingId,
    /// The hash of the token presented.
    pub manage_token_hash: TokenHash,
    /// The person of the booking, reached in the new way.
    pub person: Arc<Person>,
    /// The sequence number of the booking when its person was read: with another one, the person may be
    /// another.
    pub read_at_sequence: u32,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of changing how a person is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeContactOutcome {
    /// They are reached so.
    Changed(ContactChanged),
    /// There is no such booking.
    BookingNotFound,
    /// The token is not that of the booking.
    TokenInvalid,
    /// The booking was cancelled.
    AlreadyCancelled,
    /// Who has the place was erased.
    PersonErased,
    /// The booking has changed since its person was read.
    Outdated,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// The facts of a changed contact, without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactChanged {
    /// The booking.
    pub booking: BookingId,
}

impl Asks for ChangeContact {
    type Outcome = ChangeContactOutcome;

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

    fn carry_out(&self, decision: &mut Decision) -> ChangeContactOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::ContactChanged(changed)) => {
                return ChangeContactOutcome::Changed(changed);
            }
            Earlier::Same(_) | Earlier::Other => return ChangeContactOutcome::KeyReused,
        }
        let managed = decision.managed(&self.campaign, self.booking, self.manage_token_hash);
        let head = match managed {
            Ok(head) => head,
            Err(NotManaged::NotFound) => return ChangeContactOutcome::BookingNotFound,
            Err(NotManaged::TokenInvalid) => return ChangeContactOutcome::TokenInvalid,
            Err(NotManaged::Cancelled) => return ChangeContactOutcome::AlreadyCancelled,
        };
        if !head.has_person() {
            return ChangeContactOutcome::PersonErased;
        }
        if head.sequence != self.read_at_sequence {
            return ChangeContactOutcome::Outdated;
        }
        decision.reach(self.booking, &self.person);
        decision.tell(&self.campaign, What::ContactChanged { booking: self.booking });
        let changed = ContactChanged { booking: self.booking };
        decision.record(&self.idempotency, &self.campaign, Recorded::ContactChanged(changed));
        ChangeContactOutcome::Changed(changed)
    }
}
