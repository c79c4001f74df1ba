//! Writing a booking down.

use std::sync::Arc;

use kernel::{Ags, CampaignId, Timestamp};
use pass::PassId;
use serde::{Deserialize, Serialize};

use super::{Booking, BookingCode, BookingHead, BookingId, BookingStatus, Registration};
use crate::batch::Decision;
use crate::campaign::{SiteId, Slot, SlotId};
use crate::car::CarId;
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
    /// When it was cancelled, if a repeat of the request finds it so.
    #[serde(skip)]
    pub cancelled_at: Option<Timestamp>,
    /// Which of its tokens manages it, as a repeat of the request finds it.
    #[serde(skip)]
    pub token_generation: u32,
    /// The car that it is in, as a repeat of the request finds it.
    #[serde(skip)]
    pub car: Option<CarId>,
}

/// The pass that pays for a booking, and with which of its seats.
pub(crate) struct PaidBy {
    pub(crate) campaign: CampaignId,
    pub(crate) pass_id: PassId,
    pub(crate) seat_no: u8,
    pub(crate) ags: Ags,
}

impl Decision {
    /// What a repeat of the request is told: the booking as it stands now.
    pub(super) fn as_it_stands(&self, pass: &PassGrant, mut booked: Booked) -> Booked {
        booked.pass_used_up = self
            .state
            .passes
            .get(&pass.pass_id)
            .is_some_and(|used| used.seats_booked >= pass.seats);
        self.with_where_it_is(booked)
    }

    /// The booking with its slot as it is now, and when it was cancelled if it was.
    pub(crate) fn with_where_it_is(&self, mut booked: Booked) -> Booked {
        let Some(head) = self.state.bookings.get(&booked.booking) else { return booked };
        (booked.token_generation, booked.car) = (head.token_generation, head.car);
        let campaign = self.state.campaigns.get(&head.campaign);
        if let Some(slot) = campaign.and_then(|campaign| campaign.slot(&head.slot)) {
            booked.slot = slot.id.clone();
            booked.site = slot.site.clone();
            (booked.starts_at, booked.ends_at) = (slot.starts_at, slot.ends_at);
        }
        booked.cancelled_at = match head.status {
            BookingStatus::Confirmed => None,
            BookingStatus::Cancelled { at } => Some(at),
        };
        booked
    }

    /// Books a person: the pass has one seat less, and the person waits for no other place. The place and
    /// the hold are accounted for by the caller.
    pub(super) fn confirm(
        &mut self,
        pass: &PassGrant,
        slot: &Slot,
        registration: &Arc<Registration>,
        hold: Option<HoldId>,
    ) -> Booked {
        let keys: Vec<_> = registration.person_keys().collect();
        self.end_waiting(&pass.campaign, &keys, registration.booking);
        let used = self.pass_use(pass);
        used.seats_booked += 1;
        used.bookings += 1;
        let (seat_no, pass_used_up) = (used.bookings, used.seats_booked >= pass.seats);
        let (campaign, pass_id) = (pass.campaign.clone(), pass.pass_id);
        let paid_by = PaidBy { campaign, pass_id, seat_no, ags: pass.ags };
        let booked = self.write_down(paid_by, slot, registration, hold);
        if pass_used_up {
            self.tell(&pass.campaign, What::PassUsedUp { pass: pass.pass_id });
        }
        Booked { pass_used_up, ..booked }
    }

    /// Writes the booking down, and tells of it; its seat is accounted for.
    pub(crate) fn write_down(
        &mut self,
        paid_by: PaidBy,
        slot: &Slot,
        registration: &Arc<Registration>,
        hold: Option<HoldId>,
    ) -> Booked {
        let PaidBy { campaign, pass_id, seat_no, ags } = paid_by;
        let booking = Booking {
            registration: Arc::clone(registration),
            campaign: campaign.clone(),
            slot: slot.id.clone(),
            hold,
            pass_id,
            seat_no,
            ags,
            booked_at: self.now,
            status: BookingStatus::Confirmed,
            token_generation: 0,
            sequence: 0,
            link_asked_at: None,
            car: None,
        };
        self.state.active_persons.insert((booking.campaign.clone(), registration.person_key));
        self.state.bookings.insert(registration.booking, BookingHead::from(&booking));
        self.touched.bookings_inserted.push(booking);
        let booked = What::Booked { booking: registration.booking, slot: slot.id.clone(), hold };
        self.tell(&campaign, booked);
        Booked {
            booking: registration.booking,
            code: registration.code,
            slot: slot.id.clone(),
            site: slot.site.clone(),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            booked_at: self.now,
            pass_used_up: false,
            cancelled_at: None,
            token_generation: 0,
            car: None,
        }
    }
}
