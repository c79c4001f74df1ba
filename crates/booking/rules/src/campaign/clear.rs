//! Clearing slots that are closed: on purpose, whoever has a place in them is moved or loses it.

use kernel::CampaignId;

use super::apply::Intent;
use super::{Campaign, SiteId, Slot, SlotId};
use crate::batch::Outcome;
use crate::booking::ClearPlaceOutcome;

/// What is to be cleared, and what becomes of the people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearSlots {
    /// The campaign.
    pub campaign: CampaignId,
    /// Which of its slots.
    pub which: WhichSlots,
    /// What becomes of the bookings. The holds are ended either way.
    pub fate: BookingFate,
    /// Whether to do it or only to say what would come of it.
    pub intent: Intent,
}

/// Which slots are cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichSlots {
    /// This one.
    Slot(SlotId),
    /// All of this site.
    OfSite(SiteId),
}

/// What becomes of bookings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookingFate {
    /// They are moved to this slot as far as it has places, those made first before the others.
    MoveTo(SlotId),
    /// They are cancelled.
    Cancel,
}

/// What came of clearing slots; of a preview: what would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleared {
    /// It was done, as far as it could be.
    Done(ClearedCount),
    /// Nothing was done, or no more of it.
    Refused(ClearRefusal),
}

/// What was cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClearedCount {
    /// Bookings that were moved or cancelled.
    pub bookings: u64,
    /// Holds that were ended.
    pub holds: u64,
    /// Bookings that stay where they are, as the target has no place for them.
    pub left: u64,
}

/// Why slots are not cleared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClearRefusal {
    /// There is no such campaign.
    #[error("the campaign {0} is not in force")]
    CampaignNotFound(CampaignId),
    /// There is no such slot.
    #[error("the campaign has no slot {0}")]
    SlotNotFound(SlotId),
    /// There is no slot at such a site.
    #[error("the campaign has no slot at a site {0}")]
    SiteNotFound(SiteId),
    /// The slot takes new bookings while it is cleared.
    #[error("the slot {0} is open: close it first, in the campaign file")]
    NotClosed(SlotId),
    /// Nobody can be moved to a slot that is closed.
    #[error("nobody can be moved to the slot {0}, as it is closed itself")]
    TargetClosed(SlotId),
}

impl Cleared {
    /// What was cleared, or why nothing more was.
    pub fn verdict(self) -> Result<ClearedCount, ClearRefusal> {
        match self {
            Self::Done(count) => Ok(count),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

impl ClearSlots {
    /// The slots to clear, if all of them are closed and there is a slot to move to.
    pub fn slots<'a>(&self, campaign: &'a Campaign) -> Result<Vec<&'a Slot>, ClearRefusal> {
        let slots: Vec<&Slot> = match &self.which {
            WhichSlots::Slot(id) => campaign.slot(id).into_iter().collect(),
            WhichSlots::OfSite(site) => {
                campaign.slots.iter().filter(|slot| slot.site == *site).collect()
            }
        };
        if slots.is_empty() {
            return Err(match &self.which {
                WhichSlots::Slot(id) => ClearRefusal::SlotNotFound(id.clone()),
                WhichSlots::OfSite(site) => ClearRefusal::SiteNotFound(site.clone()),
            });
        }
        if let Some(open) = slots.iter().find(|slot| !slot.closed) {
            return Err(ClearRefusal::NotClosed(open.id.clone()));
        }
        match &self.fate {
            BookingFate::Cancel => Ok(slots),
            BookingFate::MoveTo(id) => match campaign.slot(id) {
                None => Err(ClearRefusal::SlotNotFound(id.clone())),
                Some(target) if target.closed => Err(ClearRefusal::TargetClosed(id.clone())),
                Some(_) => Ok(slots),
            },
        }
    }

    /// Where bookings are moved to.
    #[must_use]
    pub const fn target(&self) -> Option<&SlotId> {
        match &self.fate {
            BookingFate::MoveTo(slot) => Some(slot),
            BookingFate::Cancel => None,
        }
    }
}

impl ClearedCount {
    /// Counts what came of a page. Answers whether the next page will be another one.
    pub(crate) fn add(&mut self, outcomes: &[Outcome]) -> bool {
        let mut is_smaller = false;
        for outcome in outcomes {
            let Outcome::ClearPlace(outcome) = outcome else { continue };
            match outcome {
                ClearPlaceOutcome::Moved | ClearPlaceOutcome::Cancelled => self.bookings += 1,
                ClearPlaceOutcome::HoldEnded => self.holds += 1,
                ClearPlaceOutcome::Gone => {}
                ClearPlaceOutcome::NoPlace | ClearPlaceOutcome::NotClosed => continue,
            }
            is_smaller = true;
        }
        is_smaller
    }
}
