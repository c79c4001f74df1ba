//! Events: what has happened in a campaign, in order and for good.
//!
//! Commands say what has happened where they make it happen. Signals, mail, webhooks and audit are made
//! from that, and from nothing else, so each of them tells the same story. Events are written in the
//! transaction of what they tell, and are only ever added: [`chain`] makes a later change show.
//!
//! What is forgotten of people must not be remembered here: an event has ids, names of slots and
//! numbers, never personal data and never a secret.

pub mod chain;
mod unix_ms;

use kernel::Timestamp;
use pass::PassId;
use serde::{Deserialize, Serialize};

use crate::booking::BookingId;
use crate::campaign::SlotId;
use crate::campaign::revision::RevisionActor;
use crate::hold::HoldId;
use crate::waitlist::{OfferId, WaitlistEntryId};

/// One thing that has happened in a campaign.
///
/// Its JSON is part of the stored data and is hashed: fields and kinds may be added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number in the campaign: 1, 2, 3 …, without gaps. With the campaign it is what receivers
    /// know a repetition by.
    pub number: u64,
    /// When, on the store's clock.
    #[serde(rename = "at_ms", with = "unix_ms")]
    pub at: Timestamp,
    /// Who asked for it.
    pub actor: Actor,
    /// What has happened.
    #[serde(flatten)]
    pub what: What,
}

/// Who asked for what has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A citizen, by this pass.
    Pass(PassId),
    /// A citizen, by the token that manages this booking.
    TokenOf(BookingId),
    /// A citizen, by the token of this entry of the waitlist.
    Entry(WaitlistEntryId),
    /// Whoever knows the code of this booking and the date of birth.
    CodeOf(BookingId),
    /// The program, which sends what it was asked for to the recorded address.
    Letter,
    /// Nobody: a time has run out.
    Clock,
    /// The operator, at the command line.
    Operator,
    /// A starting service that found a campaign of its files missing.
    Start,
    /// The program that began to keep revisions.
    Upgrade,
}

impl From<RevisionActor> for Actor {
    fn from(actor: RevisionActor) -> Self {
        match actor {
            RevisionActor::Operator => Self::Operator,
            RevisionActor::Start => Self::Start,
            RevisionActor::Upgrade => Self::Upgrade,
        }
    }
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// Seats of a slot are kept.
    SeatsHeld {
        /// The hold.
        hold: HoldId,
        /// The slot.
        slot: SlotId,
        /// How many.
        seats: u8,
        /// Until when.
        #[serde(rename = "expires_at_ms", with = "unix_ms")]
        expires_at: Timestamp,
    },
    /// The time of a hold has started again.
    HoldRenewed {
        /// The hold.
        hold: HoldId,
        /// Until when it lasts now.
        #[serde(rename = "expires_at_ms", with = "unix_ms")]
        expires_at: Timestamp,
    },
    /// A hold has ended.
    HoldEnded {
        /// The hold.
        hold: HoldId,
        /// What ended it.
        by: HoldEnd,
    },
    /// A person has a place.
    Booked {
        /// The booking.
        booking: BookingId,
        /// The slot.
        slot: SlotId,
        /// The hold whose seat it was; `None` when booked in one step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<HoldId>,
    },
    /// A booking was cancelled.
    Cancelled {
        /// The booking.
        booking: BookingId,
        /// Its slot.
        slot: SlotId,
    },
    /// A booking is in another slot.
    Moved {
        /// The booking.
        booking: BookingId,
        /// The slot it was in.
        from: SlotId,
        /// The slot it is in.
        to: SlotId,
    },
    /// A booking is for somebody else, or their data are others.
    PersonCorrected {
        /// The booking.
        booking: BookingId,
    },
    /// The person of a booking is reached in another way.
    ContactChanged {
        /// The booking.
        booking: BookingId,
    },
    /// Nobody knows any more whom a booking is for.
    PersonErased {
        /// The booking.
        booking: BookingId,
    },
    /// A booking is managed by another token.
    TokenRotated {
        /// The booking.
        booking: BookingId,
    },
    /// Others may come in the car of a booking. In which is known to those who come only.
    CarOpened {
        /// The booking.
        booking: BookingId,
    },
    /// The link of a booking is to be sent to its recorded address.
    LinkAsked {
        /// The booking.
        booking: BookingId,
    },
    /// Places that were taken are so no longer.
    PlacesFreed {
        /// The slot.
        slot: SlotId,
        /// How many.
        places: u32,
    },
    /// A person waits for a place that comes back.
    WaitlistJoined {
        /// The entry.
        entry: WaitlistEntryId,
        /// Its number; the event has one of its own.
        #[serde(rename = "entry_number")]
        number: u64,
    },
    /// A person does not wait any more.
    WaitlistLeft {
        /// The entry.
        entry: WaitlistEntryId,
        /// The booking that the person has instead, made without an offer; `None` if they just left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booking: Option<BookingId>,
    },
    /// Somebody who waits is offered a place.
    OfferMade {
        /// The offer.
        offer: OfferId,
        /// To whom.
        entry: WaitlistEntryId,
        /// The slot.
        slot: SlotId,
        /// Until when.
        #[serde(rename = "expires_at_ms", with = "unix_ms")]
        expires_at: Timestamp,
    },
    /// An offer has become a booking, and its entry has ended.
    OfferAccepted {
        /// The offer.
        offer: OfferId,
        /// The entry.
        entry: WaitlistEntryId,
        /// The booking.
        booking: BookingId,
        /// The slot.
        slot: SlotId,
    },
    /// Somebody does not want the place that was offered.
    OfferDeclined {
        /// The offer.
        offer: OfferId,
        /// The entry.
        entry: WaitlistEntryId,
    },
    /// The deadline of an offer has passed.
    OfferExpired {
        /// The offer.
        offer: OfferId,
        /// The entry.
        entry: WaitlistEntryId,
    },
    /// An offer is not good any more.
    OfferWithdrawn {
        /// The offer.
        offer: OfferId,
        /// The entry.
        entry: WaitlistEntryId,
    },
    /// A pass was given back: nothing new begins with it.
    PassEnded {
        /// The pass.
        pass: PassId,
    },
    /// Every seat of a pass has its person.
    PassUsedUp {
        /// The pass.
        pass: PassId,
    },
    /// Another definition of the campaign is in force, or its first one.
    CampaignChanged {
        /// The number of the revision.
        revision: u64,
    },
    /// The campaign is gone, with everything in it but its revisions and events.
    CampaignRemoved {
        /// The number of the revision with which it went.
        revision: u64,
        /// The active bookings that went with it.
        bookings: u64,
    },
    /// Nothing is left of any person in the campaign.
    CampaignPurged,
}

/// What ended a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldEnd {
    /// Its last seat has a person.
    Booked,
    /// Its holder.
    Released,
    /// Its time has run out.
    Expired,
    /// The operator, who cleared its slot.
    Cleared,
}

#[cfg(test)]
mod tests {
    mod owners;
    mod waitlists;

    use super::*;
    use crate::contract::scene;

    /// What is asked with a pass, with the JSON that is in the databases.
    fn by_passes() -> Vec<(Actor, What, &'static str)> {
        let (hold, booking, slot) = (scene::hold_id(1), scene::booking_id(1), scene::slot("a"));
        let pass = scene::grant(1, 4, scene::at(0)).pass_id;
        let expires_at = scene::at(480);
        let seats_held = What::SeatsHeld { hold, slot: slot.clone(), seats: 2, expires_at };
        let on_a_hold = What::Booked { booking, slot: slot.clone(), hold: Some(hold) };
        let in_one_step = What::Booked { booking, slot, hold: None };
        vec![
            (
                Actor::Pass(pass),
                seats_held,
                r#""actor":{"pass":"00000001010101010101010101010101"},"what":"seats_held","hold":"hold_00000001020202020202020202020202","slot":"a","seats":2,"expires_at_ms":1623650880000}"#,
            ),
            (
                Actor::Pass(pass),
                What::HoldRenewed { hold, expires_at },
                r#""actor":{"pass":"00000001010101010101010101010101"},"what":"hold_renewed","hold":"hold_00000001020202020202020202020202","expires_at_ms":1623650880000}"#,
            ),
            (
                Actor::Pass(pass),
                What::HoldEnded { hold, by: HoldEnd::Booked },
                r#""actor":{"pass":"00000001010101010101010101010101"},"what":"hold_ended","hold":"hold_00000001020202020202020202020202","by":"booked"}"#,
            ),
            (
                Actor::Pass(pass),
                What::HoldEnded { hold, by: HoldEnd::Released },
                r#""actor":{"pass":"00000001010101010101010101010101"},"what":"hold_ended","hold":"hold_00000001020202020202020202020202","by":"released"}"#,
            ),
            (
                Actor::Clock,
                What::HoldEnded { hold, by: HoldEnd::Expired },
                r#""actor":"clock","what":"hold_ended","hold":"hold_00000001020202020202020202020202","by":"expired"}"#,
            ),
            (
                Actor::Pass(pass),
                on_a_hold,
                r#""actor":{"pass":"00000001010101010101010101010101"},"what":"booked","booking":"booking_00000001030303030303030303030303","slot":"a","hold":"hold_00000001020202020202020202020202"}"#,
            ),
            (
                Actor::Pass(pass),
                in_one_step,
                r#""actor":{"pass":"00000001010101010101010101010101"},"what":"booked","booking":"booking_00000001030303030303030303030303","slot":"a"}"#,
            ),
        ]
    }

    /// The other kinds and actors, and passes that end.
    fn by_others() -> Vec<(Actor, What, &'static str)> {
        let (booking, slot) = (scene::booking_id(1), scene::slot("a"));
        let pass = scene::grant(1, 4, scene::at(0)).pass_id;
        vec![
            (
                Actor::TokenOf(booking),
                What::Cancelled { booking, slot: slot.clone() },
                r#""actor":{"token_of":"booking_00000001030303030303030303030303"},"what":"cancelled","booking":"booking_00000001030303030303030303030303","slot":"a"}"#,
            ),
            (
                Actor::TokenOf(booking),
                What::Moved { booking, from: slot.clone(), to: scene::slot("b") },
                r#""actor":{"token_of":"booking_00000001030303030303030303030303"},"what":"moved","booking":"booking_00000001030303030303030303030303","from":"a","to":"b"}"#,
            ),
            (
                Actor::Pass(pass),
                What::PersonCorrected { booking },
                r#""actor":{"pass":"00000001010101010101010101010101"},"what":"person_corrected","booking":"booking_00000001030303030303030303030303"}"#,
            ),
            (
                Actor::Clock,
                What::PlacesFreed { slot, places: 3 },
                r#""actor":"clock","what":"places_freed","slot":"a","places":3}"#,
            ),
            (
                Actor::Pass(pass),
                What::PassEnded { pass },
                r#""actor":{"pass":"00000001010101010101010101010101"},"what":"pass_ended","pass":"00000001010101010101010101010101"}"#,
            ),
            (
                Actor::Pass(pass),
                What::PassUsedUp { pass },
                r#""actor":{"pass":"00000001010101010101010101010101"},"what":"pass_used_up","pass":"00000001010101010101010101010101"}"#,
            ),
            (
                Actor::Operator,
                What::HoldEnded { hold: scene::hold_id(1), by: HoldEnd::Cleared },
                r#""actor":"operator","what":"hold_ended","hold":"hold_00000001020202020202020202020202","by":"cleared"}"#,
            ),
            (
                Actor::Operator,
                What::CampaignChanged { revision: 2 },
                r#""actor":"operator","what":"campaign_changed","revision":2}"#,
            ),
            (
                Actor::Start,
                What::CampaignChanged { revision: 1 },
                r#""actor":"start","what":"campaign_changed","revision":1}"#,
            ),
            (
                Actor::Upgrade,
                What::CampaignRemoved { revision: 3, bookings: 330 },
                r#""actor":"upgrade","what":"campaign_removed","revision":3,"bookings":330}"#,
            ),
            (Actor::Clock, What::CampaignPurged, r#""actor":"clock","what":"campaign_purged"}"#),
        ]
    }

    #[test]
    fn what_was_told_years_ago_can_still_be_read() {
        let told = by_passes().into_iter().chain(by_others()).chain(owners::told());
        for (actor, what, rest) in told.chain(waitlists::told()) {
            let event = Event { number: 7, at: scene::at(1), actor, what };
            let json = format!(r#"{{"number":7,"at_ms":1623650401000,{rest}"#);
            assert_eq!(serde_json::to_string(&event).expect("JSON"), json);
            assert_eq!(serde_json::from_str::<Event>(&json).expect("readable"), event);
            // A later program may have added something.
            let json = json.replacen('{', r#"{"later":true,"#, 1);
            assert_eq!(serde_json::from_str::<Event>(&json).expect("readable"), event);
        }
    }
}
