//! What is said of a hold.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Hold, HoldId, HoldState};
use crate::batch::Decision;
use crate::campaign::{Campaign, SiteId, Slot, SlotId};
use crate::pass::PassGrant;

/// The facts of a hold at the time of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldFacts {
    /// The hold.
    pub hold: HoldId,
    /// Its slot.
    pub slot: SlotId,
    /// The site of the slot.
    pub site: SiteId,
    /// From.
    pub starts_at: Timestamp,
    /// Until.
    pub ends_at: Timestamp,
    /// Seats kept.
    pub seats: u8,
    /// Seats with a person registered.
    pub seats_booked: u8,
    /// When the other seats are released.
    pub expires_at: Timestamp,
    /// How often it was renewed.
    pub renewals: u8,
    /// Whether a renewal would make it last longer at some time.
    pub renewable: bool,
    /// Seats that its pass may still hold or book besides.
    pub seats_left: u8,
}

/// The facts of a hold as they were recorded for a repeat of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordedHold {
    /// All that the first reply said.
    Whole(HoldFacts),
    /// What an earlier release recorded.
    Earlier(EarlierHoldFacts),
}

/// The facts of a hold that an earlier release told and recorded, see [`HoldFacts`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the field of the same name of HoldFacts")]
pub struct EarlierHoldFacts {
    pub hold: HoldId,
    pub slot: SlotId,
    pub seats: u8,
    pub seats_booked: u8,
    pub expires_at: Timestamp,
    pub renewals: u8,
    pub renewable: bool,
}

impl HoldFacts {
    /// The facts of `hold`, made in `slot` of `campaign` under `pass`, which has so many seats left.
    #[must_use]
    pub fn of(
        hold: &Hold,
        slot: &Slot,
        campaign: &Campaign,
        pass: &PassGrant,
        seats_left: u8,
    ) -> Self {
        let latest = pass.expires_at.min(campaign.closes_at);
        Self {
            hold: hold.id,
            slot: slot.id.clone(),
            site: slot.site.clone(),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            seats: hold.seats,
            seats_booked: hold.seats_booked,
            expires_at: hold.expires_at,
            renewals: hold.renewals,
            renewable: hold.state == HoldState::Active
                && hold.renewals < campaign.rules.hold_renewals_max
                && hold.expires_at < latest,
            seats_left,
        }
    }
}

impl Decision {
    /// What a repeat of the request is told: the same as before. What an earlier release did not record is
    /// as it is now; `None` if its slot does not exist any more.
    pub(super) fn told_before(
        &self,
        recorded: RecordedHold,
        pass: &PassGrant,
    ) -> Option<HoldFacts> {
        let earlier = match recorded {
            RecordedHold::Whole(facts) => return Some(facts),
            RecordedHold::Earlier(earlier) => earlier,
        };
        let slot = self.state.campaigns.get(&pass.campaign)?.slot(&earlier.slot)?;
        let EarlierHoldFacts {
            hold,
            slot: _,
            seats,
            seats_booked,
            expires_at,
            renewals,
            renewable,
        } = earlier;
        Some(HoldFacts {
            hold,
            slot: slot.id.clone(),
            site: slot.site.clone(),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            seats,
            seats_booked,
            expires_at,
            renewals,
            renewable,
            seats_left: self.seats_left(pass),
        })
    }
}
