//! Holds whose time has run out.

use kernel::CampaignId;

use super::{Hold, HoldId, HoldState};
use crate::batch::{Asks, Command, Decision, Footprint, Idempotency};
use crate::campaign::SlotKey;
use crate::event::{Actor, HoldEnd, What};

/// Releases holds of a campaign whose time has run out, so that the places show as free even when
/// nobody asks for their slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseExpiredHolds {
    /// The campaign.
    pub campaign: CampaignId,
    /// At most so many, the longest expired first.
    pub holds_max: u32,
}

/// What came of releasing expired holds: of those that were loaded, so many are released.
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

    fn actor(&self) -> Actor {
        Actor::Clock
    }

    fn touch(&self, footprint: &mut Footprint) {
        let holds_max = footprint.sweeps.entry(self.campaign.clone()).or_default();
        *holds_max = self.holds_max.max(*holds_max);
    }

    fn carry_out(&self, decision: &mut Decision) -> ExpiredHoldsReleased {
        let holds_max = usize::try_from(self.holds_max).unwrap_or(usize::MAX);
        decision.release_overdue_holds(&self.campaign, holds_max, |_| true);
        ExpiredHoldsReleased
    }
}

impl Decision {
    /// Releases the overdue holds that `command` names or whose slots or passes it looks at: nothing
    /// has to run at the moment they expire. Those of other campaigns are left alone, since their
    /// campaigns are not locked. O(overdue holds).
    pub(crate) fn release_overdue_holds_met_by(&mut self, command: &Command) {
        if self.overdue.is_empty() {
            return;
        }
        let looked_at = Footprint::of(std::slice::from_ref(command));
        let is_met = |hold: &Hold| {
            let is_of_slot = |key: &SlotKey| key.slot == hold.slot && key.campaign == hold.campaign;
            looked_at.holds.contains(&hold.id)
                || looked_at.passes.contains(&hold.pass_id)
                || looked_at.slots.iter().any(is_of_slot)
        };
        self.release_overdue_holds(command.campaign(), usize::MAX, is_met);
    }

    /// Releases up to `holds_max` overdue holds of a campaign, the longest overdue first.
    fn release_overdue_holds(
        &mut self,
        campaign: &CampaignId,
        holds_max: usize,
        is_meant: impl Fn(&Hold) -> bool,
    ) {
        let holds = &self.state.holds;
        let is_meant = |id: &HoldId| {
            holds.get(id).is_some_and(|hold| hold.campaign == *campaign && is_meant(hold))
        };
        let mut due = Vec::new();
        self.overdue.retain(|id| {
            let is_due = due.len() < holds_max && is_meant(id);
            if is_due {
                due.push(*id);
            }
            !is_due
        });
        self.actor = Actor::Clock;
        for id in due {
            self.end_hold(id, HoldEnd::Expired);
        }
    }

    /// Releases the seats of an active hold that have no person: they return to the slot and to
    /// the pass. The bookings made on it stay.
    pub(crate) fn end_hold(&mut self, id: HoldId, by: HoldEnd) {
        let Some(hold) = self.state.holds.get_mut(&id) else { return };
        let seats = hold.seats_open();
        // One that is overdue keeps no seats in a car any more.
        let car = hold.car.filter(|_| !hold.is_overdue(self.now));
        hold.state = HoldState::Released;
        let (pass_id, key) =
            (hold.pass_id, SlotKey { campaign: hold.campaign.clone(), slot: hold.slot.clone() });
        self.touched.holds.insert(id);
        self.tell(&key.campaign, What::HoldEnded { hold: id, by });
        if let Some(pass) = self.state.passes.get_mut(&pass_id) {
            pass.seats_held = pass.seats_held.saturating_sub(seats);
            self.touched.passes.insert(pass_id);
        }
        self.give_back_seats_in_car(car, seats);
        self.free_places(key, u32::from(seats));
    }
}
