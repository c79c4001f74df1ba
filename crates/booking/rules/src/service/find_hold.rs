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
        let (store, pass_id, now) = (Arc::clone(&self.store), pass.pass_id, self.now());
        let (hold, seats_taken): (Option<Hold>, u8) = self
            .read(
                async move { Ok((store.hold(id).await?, store.seats_taken(pass_id, now).await?)) },
            )
            .await?;
        let hold = hold.filter(|hold| hold.is_of(pass));
        let view = self.view();
        let (Some(mut hold), Some(campaign)) = (hold, view.campaign(&pass.campaign)) else {
            return Ok(HoldLookup::HoldNotFound);
        };
        let campaign = &campaign.campaign;
        let Some(slot) = campaign.slot(&hold.slot) else {
            return Ok(HoldLookup::HoldNotFound);
        };
        if hold.is_overdue(now) {
            hold.state = HoldState::Released;
        }
        let seats_left = pass.seats_left(seats_taken);
        let facts = HoldFacts::of(&hold, slot, campaign, pass, seats_left);
        Ok(HoldLookup::Found { facts, state: hold.state })
    }
}
