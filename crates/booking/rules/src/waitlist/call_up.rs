//! Calling up those who wait.

use std::sync::Arc;
use std::time::Duration;

use kernel::CampaignId;

use super::calling::Calling;
use super::{OfferId, Waitlist, WhyNobodyIsCalled};
use crate::batch::{Asks, Decision, Footprint, Idempotency};
use crate::campaign::SlotId;
use crate::event::Actor;

/// Ends the offers whose time has run out, keeps free places for those who wait, and offers them. Where
/// nothing is due, nothing changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallUp {
    /// The campaign.
    pub campaign: CampaignId,
    /// The ids of the offers to be: no more are made.
    pub offers: Vec<OfferId>,
    /// What the operator asks for; `None` where the clock does.
    pub wish: Option<CallUpWish>,
}

/// So many people, for one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallUpWish {
    /// The slot.
    pub slot: SlotId,
    /// For how many minutes the offers last.
    pub ttl_minutes: u32,
}

/// What came of a call-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallUpOutcome {
    /// It was made.
    Done(CalledUp),
    /// There is no such campaign.
    CampaignNotFound,
    /// The campaign has no waitlist.
    NoWaitlist,
    /// The campaign has no such slot.
    SlotNotFound,
}

impl CallUpOutcome {
    /// What was done, or in words for the operator why nothing was.
    pub const fn verdict(self) -> Result<CalledUp, &'static str> {
        match self {
            Self::Done(called) => Ok(called),
            Self::CampaignNotFound => Err("the campaign is not in force"),
            Self::NoWaitlist => Err("the campaign has no waitlist"),
            Self::SlotNotFound => Err("the campaign has no such slot"),
        }
    }
}

/// What a call-up has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CalledUp {
    /// Offers made.
    pub offered: u32,
    /// Offers whose deadline had passed.
    pub expired: u32,
    /// Offers withdrawn, as their place is gone.
    pub withdrawn: u32,
    /// Why no offer was made, where that is so for the whole waitlist.
    pub why_nobody: Option<WhyNobodyIsCalled>,
    /// A place is left that nobody it has looked at wants and may have, and more people wait.
    pub lacks_people: bool,
}

impl CallUp {
    /// Entries without an offer that a call-up looks at: mostly the first will do, and where they do not,
    /// everybody who may wait.
    pub const LOOKS: [u32; 2] = [1_000, Waitlist::PLACES_MAX];
    /// Offers of one campaign that may be open at a time.
    pub const OFFERS_OPEN_MAX: u32 = 2_000;
}

impl Asks for CallUp {
    type Outcome = CallUpOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        None
    }

    fn actor(&self) -> Actor {
        if self.wish.is_some() { Actor::Operator } else { Actor::Clock }
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.whole_campaigns.push(self.campaign.clone());
        footprint.call_ups.insert(self.campaign.clone(), Self::LOOKS[0]);
    }

    fn carry_out(&self, decision: &mut Decision) -> CallUpOutcome {
        let Some(campaign) = decision.state.campaigns.get(&self.campaign).map(Arc::clone) else {
            return CallUpOutcome::CampaignNotFound;
        };
        let Some(waitlist) = campaign.waitlist else { return CallUpOutcome::NoWaitlist };
        let wished = self.wish.as_ref().map(|wish| (wish, campaign.slot(&wish.slot)));
        if matches!(wished, Some((_, None))) {
            return CallUpOutcome::SlotNotFound;
        }
        let now = decision.now;
        let is_in_force = campaign.waitlist_in_force(now).is_some();
        let mut called = CalledUp::default();
        let mut leaves_a_place = false;
        decision.actor = Actor::Clock;
        decision.settle_offers(&campaign, &mut called);
        decision.actor = self.actor();
        if is_in_force {
            let mut calling = Calling::new(decision, &campaign, waitlist, &self.offers);
            match wished {
                Some((wish, Some(slot))) => {
                    calling.call_for(slot, Duration::from_mins(wish.ttl_minutes.into()));
                }
                Some((_, None)) | None if campaign.is_quiet(now) => {}
                Some((_, None)) | None => calling.call_all(),
            }
            called.offered = calling.offered();
            called.lacks_people = calling.lacks_people();
            leaves_a_place = calling.leaves_a_place();
        }
        decision.keep_what_is_wanted(&campaign, is_in_force);
        if called.offered == 0 {
            let counts = *decision.counts(&campaign.id);
            let places = decision.places_bookable_in(&campaign);
            let why = campaign.why_nobody_is_called(&counts, places, now);
            called.why_nobody =
                why.or_else(|| leaves_a_place.then_some(WhyNobodyIsCalled::NobodyMayOrWants));
        }
        CallUpOutcome::Done(called)
    }
}
