//! Whose turn it is to be reported, and what is worth saying about it. Pure.

use std::collections::{HashMap, HashSet, VecDeque};

use kernel::CampaignId;
use tokio::task::Id;

/// The campaigns that are due, on their way, and failing.
#[derive(Default)]
pub(super) struct Rounds {
    /// In the order in which they became due: whoever had to wait in one round comes first in the
    /// next.
    due: VecDeque<CampaignId>,
    on_the_way: HashMap<Id, CampaignId>,
    failing: HashSet<CampaignId>,
}

/// What came of a report that has not failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reported {
    /// The room has it.
    Arrived,
    /// The places were not counted lately, so none was sent.
    Nothing,
}

/// A change that is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The reports of the campaign have begun to fail.
    Fails,
    /// They get through again.
    Works,
}

impl Rounds {
    /// A new round: every campaign is due that is neither due nor on its way already.
    pub(super) fn begin<'a>(&mut self, campaigns: impl Iterator<Item = &'a CampaignId>) {
        let busy: HashSet<CampaignId> =
            self.due.iter().chain(self.on_the_way.values()).cloned().collect();
        self.due.extend(campaigns.filter(|campaign| !busy.contains(*campaign)).cloned());
    }

    /// The next one to be reported.
    pub(super) fn next(&mut self) -> Option<CampaignId> {
        self.due.pop_front()
    }

    /// It is on its way.
    pub(super) fn started(&mut self, report: Id, campaign: CampaignId) {
        self.on_the_way.insert(report, campaign);
    }

    /// The report has arrived or failed. Says so once, and once more when that changes. Where there
    /// was nothing to report nothing is known either.
    pub(super) fn ended<E>(
        &mut self,
        report: Id,
        result: &Result<Reported, E>,
    ) -> Option<(CampaignId, Told)> {
        let campaign = self.on_the_way.remove(&report)?;
        let told = match result {
            Ok(Reported::Nothing) => None,
            Ok(Reported::Arrived) => self.failing.remove(&campaign).then_some(Told::Works),
            Err(_) => self.failing.insert(campaign.clone()).then_some(Told::Fails),
        };
        told.map(|told| (campaign, told))
    }
}
