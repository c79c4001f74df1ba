//! The campaign, the people and the commands with which waitlists are played.

use std::sync::Arc;

use super::{
    booking_id, campaign as scene_campaign, correction, number_to_bytes, registration, slot,
};
use crate::batch::{Command, Idempotency};
use crate::booking::TokenHash;
use crate::campaign::{Campaign, CampaignPlan, Tranche};
use crate::eligibility::Rule;
use crate::pass::{BindingCheck, PassGrant};
use crate::waitlist::{
    AcceptOffer, AfterDeclining, CallUp, CallUpWish, DeclineOffer, JoinWaitlist, Joining,
    LeaveWaitlist, OfferId, Waitlist, WaitlistEntryId,
};

/// Persons from this number on are children.
pub const CHILDREN: u32 = 10_000;

/// What none of them meets.
#[must_use]
pub fn adults_only() -> Rule {
    Rule::AgeMin { years: 18, on: "2021-06-20".parse().expect("a day") }
}

/// The campaign of the scene with one opening, slots of 3, 2 and 4 places, and this waitlist, that opens
/// with it.
#[must_use]
pub fn campaign(waitlist: Waitlist) -> Campaign {
    let mut campaign = scene_campaign();
    campaign.tranches = vec![Tranche { opens_at: super::OPENING }];
    for (slot, places) in campaign.slots.iter_mut().zip([3, 2, 4]) {
        (slot.capacity, slot.allotments) = (places, vec![places]);
    }
    campaign.closes_at = super::at(518_400 + 7_200);
    campaign.waitlist = Some(waitlist);
    campaign
}

/// The same as a plan.
#[must_use]
pub fn plan(waitlist: Waitlist) -> CampaignPlan {
    CampaignPlan::new(campaign(waitlist)).expect("the scene's campaign is a plan")
}

/// The same for adults.
#[must_use]
pub fn plan_for_adults(waitlist: Waitlist) -> CampaignPlan {
    let mut campaign = campaign(waitlist);
    campaign.eligibility.rules = vec![adults_only()];
    CampaignPlan::new(campaign).expect("the scene's campaign is a plan")
}

/// A waitlist of so many places with offers of 10 minutes, three for two places.
#[must_use]
pub fn rules(places: u32) -> Waitlist {
    Waitlist {
        opens_at: Some(super::OPENING),
        offer_ttl_minutes: 10,
        over_offer_percent: 150,
        ..Waitlist::of(places)
    }
}

/// Entry number `number`.
#[must_use]
pub fn entry_id(number: u32) -> WaitlistEntryId {
    WaitlistEntryId::from_bytes(number_to_bytes(8, number))
}

/// Offer number `number`.
#[must_use]
pub fn offer_id(number: u32) -> OfferId {
    OfferId::from_bytes(number_to_bytes(9, number))
}

/// The hash of the token of an entry.
#[must_use]
pub fn entry_token(entry: WaitlistEntryId) -> TokenHash {
    let mut token = [10; 32];
    token[..16].copy_from_slice(entry.as_bytes());
    TokenHash(token)
}

/// Puts person number `person` on the waitlist, as entry `entry`.
#[must_use]
pub fn join(pass: &PassGrant, entry: u32, person: u32, idempotency: Idempotency) -> Command {
    let of = correction(person);
    let joining = Arc::new(Joining {
        entry: entry_id(entry),
        person: of.person,
        person_key: of.person_key,
        former_person_key: of.former_person_key,
        token_hash: entry_token(entry_id(entry)),
    });
    let (pass, binding) = (pass.clone(), BindingCheck::Unbound);
    Command::JoinWaitlist(JoinWaitlist { pass, joining, binding, idempotency })
}

/// Ends an entry.
#[must_use]
pub fn leave(entry: WaitlistEntryId) -> Command {
    let (campaign, token_hash) = (slot("rehearsal"), entry_token(entry));
    Command::LeaveWaitlist(LeaveWaitlist { campaign, entry, token_hash })
}

/// Accepts an offer for person number `person`, as booking `booking`.
#[must_use]
pub fn accept(
    entry: WaitlistEntryId,
    offer: OfferId,
    (booking, person): (u32, u32),
    idempotency: Idempotency,
) -> Command {
    let mut registration = Arc::unwrap_or_clone(registration(booking, person));
    debug_assert_eq!(registration.booking, booking_id(booking));
    registration.former_person_key = None;
    Command::AcceptOffer(AcceptOffer {
        campaign: slot("rehearsal"),
        entry,
        token_hash: entry_token(entry),
        offer,
        registration: Arc::new(registration),
        idempotency,
    })
}

/// Declines an offer.
#[must_use]
pub fn decline(entry: WaitlistEntryId, offer: OfferId, then: AfterDeclining) -> Command {
    let (campaign, token_hash) = (slot("rehearsal"), entry_token(entry));
    Command::DeclineOffer(DeclineOffer { campaign, entry, token_hash, offer, then })
}

/// Calls up, with `count` offers from number `offer` on.
#[must_use]
pub fn call_up(offer: u32, count: u32) -> Command {
    let offers = (offer..offer + count).map(offer_id).collect();
    Command::CallUp(CallUp { campaign: slot("rehearsal"), offers, wish: None })
}

/// Calls up for one slot, as the operator asks.
#[must_use]
pub fn call_up_for(name: &str, ttl_minutes: u32, offer: u32, count: u32) -> Command {
    let wish = Some(CallUpWish { slot: slot(name), ttl_minutes });
    let offers = (offer..offer + count).map(offer_id).collect();
    Command::CallUp(CallUp { campaign: slot("rehearsal"), offers, wish })
}
