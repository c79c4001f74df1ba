//! Declining an offer.

use kernel::CampaignId;

use super::waiting::NoSuchEntry;
use super::{OfferId, OfferState, WaitlistEntryId};
use crate::batch::{Asks, Decision, Footprint, Idempotency};
use crate::booking::TokenHash;
use crate::event::{Actor, What};

/// Declines an offer: its slot is not offered to the entry again. Repeating it changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclineOffer {
    /// The campaign of the entry.
    pub campaign: CampaignId,
    /// The entry.
    pub entry: WaitlistEntryId,
    /// The hash of the token presented.
    pub token_hash: TokenHash,
    /// The offer.
    pub offer: OfferId,
    /// Whether the person goes on waiting.
    pub then: AfterDeclining,
}

/// What the person does after declining an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterDeclining {
    /// They wait for another one, behind those who have missed fewer.
    Stay,
    /// They leave the waitlist.
    Leave,
}

/// What came of declining an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclineOutcome {
    /// The offer is declined, now or since earlier.
    Declined,
    /// There is no such entry.
    EntryNotFound,
    /// The token is not that of the entry.
    TokenInvalid,
    /// The entry has no such offer.
    OfferNotFound,
    /// The deadline has passed.
    OfferExpired,
    /// The offer was accepted or withdrawn.
    OfferEnded,
}

impl Asks for DeclineOffer {
    type Outcome = DeclineOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        None
    }

    fn actor(&self) -> Actor {
        Actor::Entry(self.entry)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.entries.push(self.entry);
        footprint.offers.push(self.offer);
    }

    fn carry_out(&self, decision: &mut Decision) -> DeclineOutcome {
        let waits = match decision.managed_entry(&self.campaign, self.entry, self.token_hash) {
            Ok(entry) => entry.state.is_waiting(),
            Err(NoSuchEntry::NotFound) => return DeclineOutcome::EntryNotFound,
            Err(NoSuchEntry::TokenInvalid) => return DeclineOutcome::TokenInvalid,
        };
        let offer = decision.state.offers.get(&self.offer);
        let Some(offer) = offer.filter(|offer| offer.entry == self.entry) else {
            return DeclineOutcome::OfferNotFound;
        };
        match offer.state {
            OfferState::Open if offer.is_overdue(decision.now) => {
                return DeclineOutcome::OfferExpired;
            }
            OfferState::Open => {
                let (slot, at) = (offer.slot.clone(), decision.now);
                decision.end_offer(self.offer, OfferState::Declined { at });
                decision.state.declined.insert((self.entry, slot));
                let declined = What::OfferDeclined { offer: self.offer, entry: self.entry };
                decision.tell(&self.campaign, declined);
                if self.then == AfterDeclining::Stay {
                    decision.put_back(self.entry);
                }
            }
            OfferState::Declined { .. } => {}
            OfferState::Expired { .. } => return DeclineOutcome::OfferExpired,
            OfferState::Accepted { .. } | OfferState::Withdrawn { .. } => {
                return DeclineOutcome::OfferEnded;
            }
        }
        if waits && self.then == AfterDeclining::Leave {
            decision.leave(&self.campaign, self.entry);
        }
        DeclineOutcome::Declined
    }
}
