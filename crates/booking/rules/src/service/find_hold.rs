//! Looking at a hold.

use std::sync::Arc;

use super::{Bookings, Failure};
use crate::hold::{Hold, HoldFacts, HoldId, HoldState};
use crate::pass::PassGrant;

/// A hold as its pass sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldLookup {
    /// There it is.
    Found {
        /// Its facts.
        facts: HoldFacts,
        /// Where it stands; an overdue hold counts as released.
        state: HoldState,
    },
    /// The pass has no such hold.
    HoldNotFound,
}

impl Bookings {
    /// The hold, for the pass it was made with.
    pub async fn find_hold(&self, pass: &PassGrant, id: HoldId) -> Result<HoldLookup, Failure> {
        let store = Arc::clone(&self.store);
        let hold: Option<Hold> = self.read(async move { store.hold(id).await }).await?;
        let hold = hold.filter(|hold| hold.is_of(pass));
        let view = self.view();
        let (Some(mut hold), Some(campaign)) = (hold, view.campaign(&pass.campaign)) else {
            return Ok(HoldLookup::HoldNotFound);
        };
        if hold.is_overdue(self.now()) {
            hold.state = HoldState::Released;
        }
        let facts = HoldFacts::of(&hold, &campaign.campaign, pass);
        Ok(HoldLookup::Found { facts, state: hold.state })
    }
}
