//! What everybody reads, from memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::CampaignId;

use crate::campaign::Campaign;
use crate::store::Availability;

/// All campaigns and their places at one moment. Never changed, only replaced.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Counts the replacements; 0 before the first look at the store.
    pub generation: u64,
    /// The campaigns.
    pub campaigns: BTreeMap<CampaignId, CampaignView>,
}

/// A campaign and its places.
#[derive(Clone, Debug)]
pub struct CampaignView {
    /// The campaign.
    pub campaign: Arc<Campaign>,
    /// Its places.
    pub availability: Availability,
}

impl CampaignView {
    /// Whether the campaign had closed when its places were counted: then the count stays as it is.
    pub(super) fn rests(&self) -> bool {
        self.campaign.is_closed(self.availability.as_of)
    }

    /// What somebody can still get: a place, or one on the waitlist.
    #[must_use]
    pub fn places_to_get(&self) -> u64 {
        let waitlist = self.waitlist_status().map_or(0, |status| status.places_left);
        self.availability.places_left() + u64::from(waitlist)
    }
}

impl View {
    /// The campaign of this name.
    #[must_use]
    pub fn campaign(&self, id: &CampaignId) -> Option<&CampaignView> {
        self.campaigns.get(id)
    }

    /// The definition this view has already if it is equal, so that who renders definitions sees
    /// by the pointer that nothing has changed.
    pub(super) fn same_or(&self, campaign: Campaign) -> Arc<Campaign> {
        let known = self.campaign(&campaign.id).filter(|known| *known.campaign == campaign);
        known.map_or_else(|| Arc::new(campaign), |known| Arc::clone(&known.campaign))
    }
}
