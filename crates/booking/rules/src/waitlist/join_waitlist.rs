//! Joining a waitlist.

use std::sync::Arc;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::WaitlistEntryId;
use crate::batch::Idempotency;
use crate::booking::TokenHash;
use crate::pass::{BindingCheck, PassGrant};
use crate::person::{Person, PersonKey};

/// Puts a person on the waitlist. It takes a seat of the pass as a booking does, and the seat comes back
/// when the person leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinWaitlist {
    /// The pass that pays for it.
    pub pass: PassGrant,
    /// Who.
    pub joining: Arc<Joining>,
    /// Whether the pass is for that person.
    pub binding: BindingCheck,
    /// At most once.
    pub idempotency: Idempotency,
}

/// One person who is to wait, with everything the entry will carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The id of the entry to be.
    pub entry: WaitlistEntryId,
    /// Who.
    pub person: Person,
    /// The blind index of the person within the campaign.
    pub person_key: PersonKey,
    /// The blind index under which the person may have booked before the update to version 2.
    pub former_person_key: PersonKey,
    /// The hash of the token that will manage the entry.
    pub token_hash: TokenHash,
}

/// What came of joining a waitlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinOutcome {
    /// The person waits.
    Joined(Joined),
    /// There is no such campaign.
    CampaignNotFound,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality.
    NotEligible,
    /// The pass has expired.
    PassExpired,
    /// The pass was given back.
    PassEnded,
    /// Nobody can join now: there is no waitlist, it opens later, it takes nobody any more, or there are
    /// places to book.
    NotOpen {
        /// When it opens, if that is a time to come.
        opens_at: Option<Timestamp>,
    },
    /// All seats of the pass are used.
    PassExhausted,
    /// As many wait as may.
    WaitlistFull,
    /// The pass is bound to somebody else, who has to be booked first.
    PersonNotOfPass,
    /// The person has an active booking in this campaign.
    AlreadyBooked,
    /// The person waits already.
    AlreadyWaiting,
    /// The pass has made too many guesses at who is booked.
    RefusedTooOften,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// The facts of a new entry, without the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The entry.
    pub entry: WaitlistEntryId,
    /// Its number in the campaign.
    pub number: u64,
    /// When the person joined.
    pub joined_at: Timestamp,
    /// Whether every seat of the pass has its person now.
    #[serde(default)]
    pub pass_used_up: bool,
}
