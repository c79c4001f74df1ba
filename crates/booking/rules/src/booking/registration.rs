//! What a booking is made of before it is one: the person, and what was drawn and derived for them.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use kernel::{CampaignId, Entropy, InvalidId};
use serde::{Deserialize, Serialize};

use super::{BookingId, Correction};
use crate::campaign::Campaign;
use crate::eligibility::Unmet;
use crate::person::{Person, PersonKey};

/// One person to be booked, with everything the booking will carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The id of the booking to be.
    pub booking: BookingId,
    /// What is shown at the gate.
    pub code: BookingCode,
    /// Who; `None` once the booking was cancelled, or who it was was erased.
    pub person: Option<Person>,
    /// The blind index of the person within the campaign; [`PersonKey::ERASED`] once the booking was
    /// cancelled, [`PersonKey::nobody`] once who it was was erased.
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

    /// Whether the person has an active booking, under the key of today or the former one (P4).
    pub(super) fn has_booked(
        &self,
        campaign: &CampaignId,
        active_persons: &HashSet<(CampaignId, PersonKey)>,
    ) -> bool {
        self.person_keys().any(|key| active_persons.contains(&(campaign.clone(), key)))
    }

    /// Why `campaign` is not for the person, as far as they say it themselves.
    pub(crate) fn unmet(&self, campaign: &Campaign) -> Option<Unmet> {
        self.person.as_ref().and_then(|person| campaign.eligibility.unmet(person))
    }

    /// The same for another person, or with other data of the person.
    #[must_use]
    pub fn corrected(&self, correction: &Correction) -> Self {
        self.held_by(Some(correction.person.clone()), correction.person_key)
    }

    /// The same without who it was: what is left of a cancelled booking.
    #[must_use]
    pub fn erased(&self) -> Self {
        self.held_by(None, PersonKey::ERASED)
    }

    /// The same without who it is, of a booking that keeps its place.
    #[must_use]
    pub fn of_nobody(&self) -> Self {
        self.held_by(None, PersonKey::nobody(self.booking))
    }

    /// The same with other data of the same person.
    #[must_use]
    pub fn with_person(&self, person: &Person) -> Self {
        Self { person: Some(person.clone()), ..self.clone() }
    }

    /// The same, managed by another token.
    #[must_use]
    pub fn with_token(&self, hash: TokenHash) -> Self {
        Self { manage_token_hash: hash, ..self.clone() }
    }

    fn held_by(&self, person: Option<Person>, person_key: PersonKey) -> Self {
        Self {
            booking: self.booking,
            code: self.code,
            person,
            person_key,
            former_person_key: None,
            manage_token_hash: self.manage_token_hash,
        }
    }
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
