//! Registering persons onto a hold: what one person and several have in common.

use std::sync::Arc;

use super::{Booked, Registration};
use crate::batch::{Decision, Idempotency, Recorded};
use crate::campaign::{Campaign, Slot, SlotId};
use crate::event::{HoldEnd, What};
use crate::hold::{HoldId, HoldState};
use crate::pass::PassGrant;

/// Why nobody can be registered onto a hold.
pub(super) enum NoRegistration {
    HoldNotFound,
    HoldEnded,
    CampaignClosed,
    NotEligible,
}

/// A hold with seats that have no person.
pub(super) struct OpenHold {
    pub(super) campaign: Arc<Campaign>,
    id: HoldId,
    slot: SlotId,
    pub(super) seats_open: u8,
}

impl OpenHold {
    fn slot(&self) -> &Slot {
        self.campaign.slot(&self.slot).expect("an open hold was found with its slot")
    }
}

impl Decision {
    /// The hold, if persons can be registered onto it under `pass`.
    pub(super) fn open_hold(
        &self,
        pass: &PassGrant,
        id: HoldId,
    ) -> Result<OpenHold, NoRegistration> {
        let campaign = self.state.campaigns.get(&pass.campaign);
        let hold = self.state.holds.get(&id).filter(|hold| hold.is_of(pass));
        let (Some(campaign), Some(hold)) = (campaign, hold) else {
            return Err(NoRegistration::HoldNotFound);
        };
        if campaign.slot(&hold.slot).is_none() {
            return Err(NoRegistration::HoldNotFound);
        }
        match hold.state {
            HoldState::Active => {}
            HoldState::Booked | HoldState::Released => return Err(NoRegistration::HoldEnded),
        }
        // What held when the seats were held need not hold any more.
        if campaign.is_closed(self.now) {
            return Err(NoRegistration::CampaignClosed);
        }
        if !campaign.is_eligible(pass.ags) {
            return Err(NoRegistration::NotEligible);
        }
        let (campaign, slot) = (Arc::clone(campaign), hold.slot.clone());
        Ok(OpenHold { campaign, id, slot, seats_open: hold.seats_open() })
    }

    /// Books one person onto a seat of the hold that has none. The place is taken already: the seat of the
    /// hold becomes the seat of a person.
    pub(super) fn register(
        &mut self,
        pass: &PassGrant,
        open: &OpenHold,
        registration: &Arc<Registration>,
        idempotency: &Idempotency,
    ) -> Booked {
        let hold = self.state.holds.get_mut(&open.id);
        let (is_complete, car) = hold.map_or((false, None), |hold| (hold.book_seat(), hold.car));
        self.touched.holds.insert(open.id);
        let pass_use = self.pass_use(pass);
        pass_use.seats_held = pass_use.seats_held.saturating_sub(1);
        let mut booked = self.confirm(pass, open.slot(), registration, Some(open.id));
        // Its seat there was kept until now.
        self.bring_in_car(&mut booked, car);
        if is_complete {
            self.tell(&pass.campaign, What::HoldEnded { hold: open.id, by: HoldEnd::Booked });
        }
        self.record(idempotency, &pass.campaign, Recorded::Booked(booked.clone()));
        booked
    }
}
