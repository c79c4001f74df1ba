//! Asking for the link of a booking that was lost.

use std::time::Duration;

use kernel::CampaignId;

use super::{BookingHead, BookingId, BookingStatus};
use crate::batch::{Asks, Decision, Footprint, Idempotency};
use crate::event::{Actor, What};

/// Between two letters with the link of one booking: whoever asks again and again floods nobody's mailbox.
pub const LINK_PAUSE: Duration = Duration::from_mins(15);

/// Asks for the link of a booking, which goes to its recorded address and nowhere else. Whoever asks has
/// shown that they know its code and the date of birth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskLink {
    /// The campaign of the booking.
    pub campaign: CampaignId,
    /// The booking.
    pub booking: BookingId,
}

/// What came of asking for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskLinkOutcome {
    /// It is on its way.
    Asked,
    /// It was asked for less than [`LINK_PAUSE`] ago.
    AskedRecently,
    /// Nobody has the place any more.
    NobodyThere,
}

impl Asks for AskLink {
    type Outcome = AskLinkOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        None
    }

    fn actor(&self) -> Actor {
        Actor::CodeOf(self.booking)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.bookings.push(self.booking);
    }

    fn carry_out(&self, decision: &mut Decision) -> AskLinkOutcome {
        let head = decision.booking_of(&self.campaign, self.booking);
        let is_somebodys =
            |head: &&BookingHead| head.status == BookingStatus::Confirmed && head.has_person();
        let Some(head) = head.filter(is_somebodys) else { return AskLinkOutcome::NobodyThere };
        if head.link_asked_at.is_some_and(|at| decision.now < at.plus(LINK_PAUSE)) {
            return AskLinkOutcome::AskedRecently;
        }
        decision.note_link_asked(self.booking);
        decision.tell(&self.campaign, What::LinkAsked { booking: self.booking });
        AskLinkOutcome::Asked
    }
}
