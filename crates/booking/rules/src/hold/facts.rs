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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::batch::{IdempotencyRecord, Outcome, Recorded, State, decide};
    use crate::contract::scene;
    use crate::hold::HoldOutcome;
    use crate::pass::PassUse;

    /// A request that an earlier release answered is repeated after the update.
    #[test]
    fn a_repeat_says_more_than_was_recorded() {
        let (pass, key) = (scene::grant(1, 4, scene::at(0)), scene::key(1, 0));
        let campaign = Arc::new(scene::campaign());
        let recorded = r#"{"effect":"held","hold":"hold_00000001020202020202020202020202","slot":"a","seats":2,"seats_booked":0,"expires_at":"2021-06-14T06:08:00.000Z","renewals":0,"renewable":true}"#;
        let record = IdempotencyRecord {
            key: key.key,
            fingerprint: key.fingerprint,
            campaign: pass.campaign.clone(),
            recorded_at: scene::at(0),
            effect: serde_json::from_str::<Recorded>(recorded).expect("readable"),
        };
        let used = PassUse {
            pass_id: pass.pass_id,
            campaign: pass.campaign.clone(),
            seats_held: 2,
            seats_booked: 1,
            bookings: 1,
            seats: 4,
            guesses: 0,
            ended_at: None,
            expires_at: pass.expires_at,
        };
        let state = State {
            campaigns: [(pass.campaign.clone(), Arc::clone(&campaign))].into(),
            records: [(key.key, record)].into(),
            passes: [(pass.pass_id, used)].into(),
            ..State::default()
        };
        let repeat = scene::hold(&pass, "a", 2, 2, key);
        let (changes, outcomes) = decide(state, scene::at(1), &[repeat]);
        assert!(changes.is_empty());
        let [Outcome::Hold(HoldOutcome::Held(facts))] = &outcomes[..] else {
            panic!("{outcomes:?}")
        };
        assert_eq!((facts.hold, facts.seats, facts.seats_left), (scene::hold_id(1), 2, 1));
        let slot = campaign.slot(&facts.slot).expect("the slot");
        assert_eq!(
            (&facts.site, facts.starts_at, facts.ends_at),
            (&slot.site, slot.starts_at, slot.ends_at)
        );
    }
}
