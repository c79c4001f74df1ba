//! Writing a booking down.

use std::sync::Arc;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Booking, BookingCode, BookingHead, BookingId, BookingStatus, Registration};
use crate::batch::Decision;
use crate::campaign::{SiteId, Slot, SlotId};
use crate::event::What;
use crate::hold::HoldId;
use crate::pass::PassGrant;

/// The facts of a new booking, without the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// The booking.
    pub booking: BookingId,
    /// What is shown at the gate.
    pub code: BookingCode,
    /// The slot.
    pub slot: SlotId,
    /// Its site.
    pub site: SiteId,
    /// From.
    pub starts_at: Timestamp,
    /// Until.
    pub ends_at: Timestamp,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// Whether every seat of the pass has its person now.
    #[serde(default)]
    pub pass_used_up: bool,
}

impl Decision {
    /// Writes the booking down, and tells of it. The place, the pass and the hold are accounted for by the caller.
    pub(super) fn confirm(
        &mut self,
        pass: &PassGrant,
        slot: &Slot,
        registration: &Arc<Registration>,
        hold: Option<HoldId>,
    ) -> Booked {
        let used = self.state.passes.get(&pass.pass_id).map_or(0, |used| used.seats_booked);
        let booking = Booking {
            registration: Arc::clone(registration),
            campaign: pass.campaign.clone(),
            slot: slot.id.clone(),
            hold,
            pass_id: pass.pass_id,
            ags: pass.ags,
            booked_at: self.now,
            status: BookingStatus::Confirmed,
        };
        self.state.active_persons.insert((booking.campaign.clone(), registration.person_key));
        self.state.bookings.insert(registration.booking, BookingHead::from(&booking));
        self.touched.bookings_inserted.push(booking);
        let (slot_id, pass_used_up) = (slot.id.clone(), used >= pass.seats);
        let told = What::Booked { booking: registration.booking, slot: slot_id, hold };
        self.tell(&pass.campaign, told);
        if pass_used_up {
            self.tell(&pass.campaign, What::PassUsedUp { pass: pass.pass_id });
        }
        Booked {
            booking: registration.booking,
            code: registration.code,
            slot: slot.id.clone(),
            site: slot.site.clone(),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            booked_at: self.now,
            pass_used_up,
        }
    }
}
