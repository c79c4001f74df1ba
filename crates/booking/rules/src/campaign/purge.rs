//! Purging a campaign's personal data once it is over.

use std::time::Duration;

use kernel::{CampaignId, Timestamp};
use serde::{Deserialize, Serialize};

use super::Campaign;
use crate::event::chain::{ChainEnd, Link};
use crate::event::{Actor, What};

/// What becomes of the personal data of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalData {
    /// So many days after the campaign is over they are purged.
    pub purge_after_days: u16,
}

impl Default for PersonalData {
    fn default() -> Self {
        Self { purge_after_days: 30 }
    }
}

/// Takes one step of the purge of a campaign: its key first, after which nobody's name can be read any more, then the
/// rows of persons, some at a time.
#[derive(Clone, Debug)]
pub struct PurgeCampaign {
    /// The campaign.
    pub campaign: CampaignId,
    /// Who asks for it.
    pub by: PurgedBy,
    /// So many rows are deleted at most.
    pub rows_max: u32,
}

/// Who asks for a purge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurgedBy {
    /// Nobody: the days that the campaign gives have passed.
    Clock,
    /// The operator, who may ask as soon as it is over.
    Operator,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurgeStep {
    /// There is no such campaign.
    NotFound,
    /// Its time has not come; nothing was changed.
    NotDue {
        /// When it comes.
        due_at: Timestamp,
    },
    /// The purge goes on: another step has to follow.
    GoesOn {
        /// Rows deleted by this step.
        rows: u64,
    },
    /// Nothing is left of any person.
    Purged,
}

impl Campaign {
    /// When it is over: booking has ended, and so has the last slot.
    #[must_use]
    pub fn over_at(&self) -> Timestamp {
        let last = self.slots.iter().map(|slot| slot.ends_at).max();
        last.map_or(self.closes_at, |last| last.max(self.closes_at))
    }

    /// When its personal data are purged without anybody asking for it.
    #[must_use]
    pub fn purge_at(&self) -> Timestamp {
        let days = u64::from(self.personal_data.purge_after_days);
        self.over_at().plus(Duration::from_hours(24 * days))
    }
}

impl PurgeCampaign {
    /// The first step, or when it may be taken. A store calls this with the campaign locked, unless a purge is under
    /// way: that goes on whatever the campaign says by then, for its key is gone.
    #[must_use]
    pub fn judge(&self, campaign: &Campaign, now: Timestamp) -> Option<PurgeStep> {
        let due_at = match self.by {
            PurgedBy::Clock => campaign.purge_at(),
            PurgedBy::Operator => campaign.over_at(),
        };
        (now < due_at).then_some(PurgeStep::NotDue { due_at })
    }

    /// The event that a store writes with the last step, after those that the chain ends with.
    #[must_use]
    pub fn told(&self, end: ChainEnd, now: Timestamp) -> Link {
        let actor = match self.by {
            PurgedBy::Clock => Actor::Clock,
            PurgedBy::Operator => Actor::Operator,
        };
        end.continued(&self.campaign, now, vec![(actor, What::CampaignPurged)]).link
    }
}
