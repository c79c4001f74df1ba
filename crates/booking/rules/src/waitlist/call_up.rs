//! Calling up those who wait.

use kernel::CampaignId;

use super::{OfferId, WhyNobodyIsCalled};
use crate::campaign::SlotId;

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
}
