//! What can be asked of the booking rules.
//!
//! Everything that is random or derived from a secret is in the command already when it enters the
//! batch: deciding is pure, and a batch that is tried again gives the same ids.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use kernel::{Ags, CampaignId, Entropy, InvalidId, Timestamp, prefixed_id};
use pass::{PassId, Subject};
use serde::{Deserialize, Serialize};

use crate::campaign::SlotId;
use crate::person::{Person, PersonKey};

prefixed_id!(
    /// A hold.
    HoldId,
    "hold"
);

prefixed_id!(
    /// A booking.
    BookingId,
    "booking"
);

/// What a verified pass allows: the part of its claims that the rules look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassGrant {
    /// The pass. What it has used is counted under this id.
    pub pass_id: PassId,
    /// The campaign it opens.
    pub campaign: CampaignId,
    /// The municipality its holder lives in.
    pub ags: Ags,
    /// Persons it may hold seats for and book, in sum.
    pub seats: u8,
    /// When it ends; nothing held under it lasts longer.
    pub expires_at: Timestamp,
    /// Who must be the first person booked with it; `None` if it is bound to nobody.
    pub binding: Option<Subject>,
}

impl From<&pass::Claims> for PassGrant {
    fn from(claims: &pass::Claims) -> Self {
        Self {
            pass_id: claims.pass_id,
            campaign: claims.campaign.clone(),
            ags: claims.ags,
            seats: claims.seats,
            expires_at: claims.expires_at,
            binding: claims.binding,
        }
    }
}

/// How the person to be booked stands to the binding of the pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingCheck {
    /// The pass is bound to nobody.
    Unbound,
    /// It is bound to this person.
    Matches,
    /// It is bound to somebody else.
    Differs,
}

/// The key under which a command takes effect at most once (P3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Idempotency {
    /// SHA-256 of the scope (the pass, or the booking for a cancellation) and the client's key.
    pub key: [u8; 32],
    /// HMAC-SHA256 of what was asked; a repeat with another one is refused. It is keyed because a
    /// name and a date of birth could be guessed from a plain hash.
    pub fingerprint: [u8; 32],
}

/// The SHA-256 of a capability token; the token itself is stored nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// What a person shows at the gate: 8 characters of Crockford's alphabet.
///
/// It is not an identifier: two bookings may, rarely, have the same code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BookingCode([u8; 8]);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl BookingCode {
    /// A random code of 40 bits.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self(entropy.bytes::<8>().map(|byte| CROCKFORD[usize::from(byte % 32)]))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only characters of the alphabet get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for BookingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BookingCode {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <[u8; 8]>::try_from(text.as_bytes())
            .ok()
            .filter(|code| code.iter().all(|byte| CROCKFORD.contains(byte)))
            .map(Self)
            .ok_or_else(|| InvalidId {
                text: text.chars().take(16).collect(),
                expected: "a booking code of 8 characters",
            })
    }
}

impl TryFrom<String> for BookingCode {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BookingCode> for String {
    fn from(code: BookingCode) -> Self {
        code.as_str().to_owned()
    }
}

/// One person to be booked, with everything the booking will carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The id of the booking to be.
    pub booking: BookingId,
    /// What is shown at the gate.
    pub code: BookingCode,
    /// Who; `None` once the booking was cancelled.
    pub person: Option<Person>,
    /// The blind index of the person within the campaign; [`PersonKey::ERASED`] once the booking was
    /// cancelled.
    pub person_key: PersonKey,
    /// The blind index under which the person may have booked before the update to version 2. Looked
    /// for, never stored: `None` in what a store gives back.
    pub former_person_key: Option<PersonKey>,
    /// The hash of the token that will manage the booking.
    pub manage_token_hash: TokenHash,
}

impl Registration {
    /// All keys under which the person may have a booking.
    pub fn person_keys(&self) -> impl Iterator<Item = PersonKey> {
        std::iter::once(self.person_key).chain(self.former_person_key)
    }

    /// The same without who it was: what is left of a cancelled booking.
    #[must_use]
    pub fn erased(&self) -> Self {
        Self {
            booking: self.booking,
            code: self.code,
            person: None,
            person_key: PersonKey::ERASED,
            former_person_key: None,
            manage_token_hash: self.manage_token_hash,
        }
    }
}

/// Keeps seats of one slot for a few minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldSeats {
    /// The pass that pays for it.
    pub pass: PassGrant,
    /// The slot.
    pub slot: SlotId,
    /// How many seats.
    pub seats: u8,
    /// The id of the hold to be.
    pub hold: HoldId,
    /// At most once.
    pub idempotency: Idempotency,
}

/// Starts the time of a hold again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewHold {
    /// The pass under which the seats are held.
    pub pass: PassGrant,
    /// The hold.
    pub hold: HoldId,
    /// At most once.
    pub idempotency: Idempotency,
}

/// Gives the seats of a hold back that nobody is registered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseHold {
    /// The pass under which the seats are held.
    pub pass: PassGrant,
    /// The hold.
    pub hold: HoldId,
}

/// Registers one person onto a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookHold {
    /// The pass under which the seats are held.
    pub pass: PassGrant,
    /// The hold.
    pub hold: HoldId,
    /// Who.
    pub registration: Arc<Registration>,
    /// Whether the pass is for that person.
    pub binding: BindingCheck,
    /// At most once.
    pub idempotency: Idempotency,
}

/// Holds one seat and books it in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookSlot {
    /// The pass that pays for it.
    pub pass: PassGrant,
    /// The slot.
    pub slot: SlotId,
    /// Who.
    pub registration: Arc<Registration>,
    /// Whether the pass is for that person.
    pub binding: BindingCheck,
    /// At most once.
    pub idempotency: Idempotency,
}

/// Gives the pass itself back: nothing new can begin with it. An open hold may still be booked on or
/// released. Ending it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndPass {
    /// The pass.
    pub pass: PassGrant,
}

/// Gives a booked place back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelBooking {
    /// The campaign of the booking.
    pub campaign: CampaignId,
    /// The booking.
    pub booking: BookingId,
    /// The hash of the token presented.
    pub manage_token_hash: TokenHash,
    /// At most once.
    pub idempotency: Idempotency,
}

/// Releases holds of a campaign whose time has run out, so that the places show as free even when
/// nobody asks for their slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseExpiredHolds {
    /// The campaign.
    pub campaign: CampaignId,
    /// At most so many, the longest expired first.
    pub holds_max: u32,
}

/// One thing asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Keep seats of one slot.
    Hold(HoldSeats),
    /// Start the time of a hold again.
    RenewHold(RenewHold),
    /// Give the seats of a hold back.
    ReleaseHold(ReleaseHold),
    /// Register a person onto a hold.
    BookHold(BookHold),
    /// Hold and book in one step.
    BookSlot(BookSlot),
    /// Give a pass back.
    EndPass(EndPass),
    /// Give a booked place back.
    CancelBooking(CancelBooking),
    /// Release what has expired.
    ReleaseExpiredHolds(ReleaseExpiredHolds),
}

impl Command {
    /// The campaign whose lock serialises this command.
    #[must_use]
    pub fn campaign(&self) -> &CampaignId {
        match self {
            Self::Hold(command) => &command.pass.campaign,
            Self::RenewHold(command) => &command.pass.campaign,
            Self::ReleaseHold(command) => &command.pass.campaign,
            Self::BookHold(command) => &command.pass.campaign,
            Self::BookSlot(command) => &command.pass.campaign,
            Self::EndPass(command) => &command.pass.campaign,
            Self::CancelBooking(command) => &command.campaign,
            Self::ReleaseExpiredHolds(command) => &command.campaign,
        }
    }

    /// The key under which the command takes effect at most once; `None` where repeating it changes
    /// nothing anyway.
    #[must_use]
    pub fn idempotency(&self) -> Option<&Idempotency> {
        match self {
            Self::Hold(command) => Some(&command.idempotency),
            Self::RenewHold(command) => Some(&command.idempotency),
            Self::BookHold(command) => Some(&command.idempotency),
            Self::BookSlot(command) => Some(&command.idempotency),
            Self::CancelBooking(command) => Some(&command.idempotency),
            Self::ReleaseHold(_) | Self::EndPass(_) | Self::ReleaseExpiredHolds(_) => None,
        }
    }
}
