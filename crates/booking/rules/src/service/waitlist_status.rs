//! How a waitlist stands, for everybody.

use kernel::{CampaignId, Timestamp};

use super::{Bookings, CampaignView};
use crate::waitlist::{WaitlistCounts, WhyNobodyIsCalled};

/// How the waitlist of a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitlistStatus {
    /// When it was counted, on the store's clock.
    pub as_of: Timestamp,
    /// Whether people can join.
    pub is_open: bool,
    /// When it opens, where a time is given.
    pub opens_at: Option<Timestamp>,
    /// When it stops calling people.
    pub stops_at: Timestamp,
    /// How many may wait at a time.
    pub places: u32,
    /// How many more may join now; none while it is not open.
    pub places_left: u32,
    /// Who waits.
    pub counts: WaitlistCounts,
    /// Why nobody is called; `None` while people are.
    pub why_nobody: Option<WhyNobodyIsCalled>,
}

impl CampaignView {
    /// How the waitlist stood when its places were counted; `None` if the campaign has none.
    #[must_use]
    pub fn waitlist_status(&self) -> Option<WaitlistStatus> {
        let waitlist = self.campaign.waitlist?;
        let (counts, as_of) = (self.availability.waitlist, self.availability.as_of);
        let places_bookable = self.availability.places_left();
        let is_open = self.campaign.waitlist_to_join(places_bookable, as_of).is_some();
        let free = waitlist.places.saturating_sub(counts.demand());
        Some(WaitlistStatus {
            as_of,
            is_open,
            opens_at: waitlist.opens_at,
            stops_at: self.campaign.waitlist_stops_at(),
            places: waitlist.places,
            places_left: if is_open { free } else { 0 },
            counts,
            why_nobody: self.campaign.why_nobody_is_called(&counts, places_bookable, as_of),
        })
    }
}

impl Bookings {
    /// How the waitlist of a campaign stands; `None` if there is no such campaign, or it has none.
    #[must_use]
    pub fn waitlist_status(&self, campaign: &CampaignId) -> Option<WaitlistStatus> {
        self.view().campaign(campaign)?.waitlist_status()
    }
}
