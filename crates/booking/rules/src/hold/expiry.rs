//! Holds whose time has run out.

use kernel::CampaignId;

use super::{HoldId, HoldState};
use crate::batch::{Asks, Decision, Footprint, Idempotency};
use crate::campaign::SlotKey;

/// Releases holds of a campaign whose time has run out, so that the places show as free even when
/// nobody asks for their slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseExpiredHolds {
    /// The campaign.
    pub campaign: CampaignId,
    /// At most so many, the longest expired first.
    pub holds_max: u32,
}

/// What came of releasing expired holds: those that were loaded are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiredHoldsReleased;

impl Asks for ReleaseExpiredHolds {
    type Outcome = ExpiredHoldsReleased;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        None
    }

    fn touch(&self, footprint: &mut Footprint) {
        let holds_max = footprint.sweeps.entry(self.campaign.clone()).or_default();
        *holds_max = self.holds_max.max(*holds_max);
    }

    fn carry_out(&self, _: &mut Decision) -> ExpiredHoldsReleased {
        // Every overdue hold that was loaded has been released before the first command.
        ExpiredHoldsReleased
    }
}

impl Decision {
    /// Releases every overdue hold that was loaded: nothing has to run at the moment they expire.
    pub(crate) fn release_overdue_holds(&mut self) {
        let now = self.now;
        let overdue: Vec<HoldId> = self
            .state
            .holds
            .values()
            .filter(|hold| hold.is_overdue(now))
            .map(|hold| hold.id)
            .collect();
        for id in overdue {
            self.end_hold(id);
        }
    }

    /// Releases the seats of an active hold that have no person: they return to the slot and to
    /// the pass. The bookings made on it stay.
    pub(crate) fn end_hold(&mut self, id: HoldId) {
        let Some(hold) = self.state.holds.get_mut(&id) else { return };
        let seats = hold.seats_open();
        hold.state = HoldState::Released;
        let (pass_id, key) =
            (hold.pass_id, SlotKey { campaign: hold.campaign.clone(), slot: hold.slot.clone() });
        self.touched.holds.insert(id);
        if let Some(pass) = self.state.passes.get_mut(&pass_id) {
            pass.seats_held = pass.seats_held.saturating_sub(seats);
            self.touched.passes.insert(pass_id);
        }
        self.free_places(key, u32::from(seats));
    }
}
