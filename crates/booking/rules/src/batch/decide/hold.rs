//! Holding, renewing and releasing seats.

use std::time::Duration;

use kernel::Timestamp;

use super::{Decision, Earlier, NoEntry};
use crate::batch::command::{HoldSeats, PassGrant, ReleaseHold, RenewHold};
use crate::batch::outcome::{HoldFacts, HoldOutcome, Recorded, ReleaseOutcome, RenewOutcome};
use crate::batch::state::{Hold, HoldState};
use crate::campaign::Campaign;

impl Decision {
    pub(super) fn hold(&mut self, command: &HoldSeats) -> HoldOutcome {
        match self.earlier(&command.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Held(facts)) => return HoldOutcome::Held(facts),
            Earlier::Same(_) | Earlier::Other => return HoldOutcome::KeyReused,
        }
        let open = match self.open_slot(&command.pass, &command.slot) {
            Ok(open) => open,
            Err(NoEntry::CampaignNotFound) => return HoldOutcome::CampaignNotFound,
            Err(NoEntry::CampaignClosed) => return HoldOutcome::CampaignClosed,
            Err(NoEntry::NotEligible) => return HoldOutcome::NotEligible,
            Err(NoEntry::PassExpired) => return HoldOutcome::PassExpired,
            Err(NoEntry::PassEnded) => return HoldOutcome::PassEnded,
            Err(NoEntry::SlotNotFound) => return HoldOutcome::SlotNotFound,
        };
        let seats_max = open.campaign.rules.seats_max;
        if !(1..=seats_max).contains(&command.seats) {
            return HoldOutcome::SeatsOutOfRange { seats_max };
        }
        let seats_left = self.seats_left(&command.pass);
        if command.seats > seats_left {
            return HoldOutcome::PassExhausted { seats_left };
        }
        if u32::from(command.seats) > open.places_left {
            return HoldOutcome::SlotFull { places_left: open.places_left };
        }
        self.take_places(&open, u32::from(command.seats));
        self.pass_use(&command.pass).seats_held += command.seats;
        let hold = Hold {
            id: command.hold,
            campaign: command.pass.campaign.clone(),
            slot: open.key.slot.clone(),
            pass_id: command.pass.pass_id,
            ags: command.pass.ags,
            seats: command.seats,
            seats_booked: 0,
            renewals: 0,
            held_at: self.now,
            expires_at: hold_end(&open.campaign, &command.pass, self.now),
            state: HoldState::Active,
        };
        let facts = HoldFacts::of(&hold, &open.campaign, &command.pass);
        self.touched.holds.insert(hold.id);
        self.state.holds.insert(hold.id, hold);
        self.record(&command.idempotency, &command.pass.campaign, Recorded::Held(facts.clone()));
        HoldOutcome::Held(facts)
    }

    pub(super) fn renew_hold(&mut self, command: &RenewHold) -> RenewOutcome {
        match self.earlier(&command.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Renewed(facts)) => return RenewOutcome::Renewed(facts),
            Earlier::Same(_) | Earlier::Other => return RenewOutcome::KeyReused,
        }
        let now = self.now;
        let pass_has_ended = self.has_ended(&command.pass);
        let campaign = self.state.campaigns.get(&command.pass.campaign);
        let hold =
            self.state.holds.get_mut(&command.hold).filter(|hold| is_of(hold, &command.pass));
        let (Some(campaign), Some(hold)) = (campaign, hold) else {
            return RenewOutcome::HoldNotFound;
        };
        match hold.state {
            HoldState::Active => {}
            HoldState::Booked | HoldState::Released => return RenewOutcome::HoldEnded,
        }
        if pass_has_ended {
            return RenewOutcome::PassEnded;
        }
        let expires_at = hold_end(campaign, &command.pass, now);
        if hold.renewals >= campaign.rules.hold_renewals_max || expires_at <= hold.expires_at {
            return RenewOutcome::NotRenewable;
        }
        hold.renewals += 1;
        hold.expires_at = expires_at;
        let facts = HoldFacts::of(hold, campaign, &command.pass);
        self.touched.holds.insert(command.hold);
        self.record(&command.idempotency, &command.pass.campaign, Recorded::Renewed(facts.clone()));
        RenewOutcome::Renewed(facts)
    }

    pub(super) fn release_hold(&mut self, command: &ReleaseHold) -> ReleaseOutcome {
        let hold = self.state.holds.get(&command.hold).filter(|hold| is_of(hold, &command.pass));
        match hold.map(|hold| hold.state) {
            None => ReleaseOutcome::HoldNotFound,
            Some(HoldState::Booked) => ReleaseOutcome::HoldBooked,
            Some(HoldState::Released) => ReleaseOutcome::Released,
            Some(HoldState::Active) => {
                self.end_hold(command.hold);
                ReleaseOutcome::Released
            }
        }
    }
}

/// A hold is visible to its own pass only.
pub(super) fn is_of(hold: &Hold, pass: &PassGrant) -> bool {
    hold.pass_id == pass.pass_id && hold.campaign == pass.campaign
}

/// A hold outlives neither its pass nor the campaign.
fn hold_end(campaign: &Campaign, pass: &PassGrant, now: Timestamp) -> Timestamp {
    let ttl = Duration::from_secs(u64::from(campaign.rules.hold_ttl_s));
    now.plus(ttl).min(pass.expires_at).min(campaign.closes_at)
}
