//! Declining an offer.

use kernel::CampaignId;

use super::{OfferId, WaitlistEntryId};
use crate::booking::TokenHash;

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
