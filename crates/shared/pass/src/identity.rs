//! Who somebody is, for the purpose of having one chance: a person or an e-mail address becomes a
//! [`Subject`] that says nothing about them to whoever does not have the key.

mod fold;
pub mod plausible;
pub mod spellings;
mod titles;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use kernel::{CampaignId, InvalidId};
use serde::{Deserialize, Serialize};

use crate::subject::first_16;
use crate::{PassMacKey, Subject};

pub use fold::{fold, fold_email, same_name};
pub use kernel::FieldProblem;

/// What a room asks people at the door.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// Nothing: each ticket is a subject of its own, and the pass is bound to nobody.
    #[default]
    None,
    /// Names and date of birth.
    Person,
    /// An e-mail address.
    Email,
}

impl FromStr for IdentityKind {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| InvalidId {
            text: text.chars().take(16).collect(),
            expected: "one of none, person and email",
        })
    }
}

impl IdentityKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::None, Self::Person, Self::Email];

    /// The name in files and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Person => "person",
            Self::Email => "email",
        }
    }

    /// Whether subjects are made with an [`IdentityKey`], so that both services need one.
    #[must_use]
    pub const fn needs_key(self) -> bool {
        match self {
            Self::None => false,
            Self::Person | Self::Email => true,
        }
    }
}

/// The key under which people become subjects. Both services have the same one: the waiting room
/// binds a pass to the subject, and the booking API recognises the person it belongs to.
///
/// Whoever has the key can find out which person a subject is, by trying, and make passes that the booking API
/// accepts ([`Self::pass_mac_key`]). Cheap to clone. `Debug` does
/// not show it.
#[derive(Clone)]
pub struct IdentityKey(Arc<hmac::Key>);

impl IdentityKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// The subject of a person in `campaign`, who is known by both names and the date of birth
    /// (`YYYY-MM-DD`); the caller has checked all three (see [`plausible`]).
    ///
    /// However a name is written, it is the same person ([`fold`]), and it does not matter where
    /// the given name ends and the family name begins, or which of them comes first
    /// ([`same_name`]). Twins whose names are the same letters in a ring share a subject, and so
    /// one pass; everybody else with the same names and birthday does as well. O(length).
    #[must_use]
    pub fn person(
        &self,
        campaign: &CampaignId,
        given_name: &str,
        family_name: &str,
        date_of_birth: &str,
    ) -> Subject {
        let name = same_name(given_name, family_name);
        self.subject(campaign, IdentityKind::Person, &[&name, date_of_birth.trim()])
    }

    /// The subject of an e-mail address in `campaign`; see [`fold_email`] for which ones are the
    /// same. O(length).
    #[must_use]
    pub fn email(&self, campaign: &CampaignId, address: &str) -> Subject {
        self.subject(campaign, IdentityKind::Email, &[&fold_email(address)])
    }

    /// The key of the codes in the headers of passes, which both services share as well: the HMAC-SHA256 of a tag.
    #[must_use]
    pub fn pass_mac_key(&self) -> PassMacKey {
        PassMacKey::new(hmac::sign(&self.0, b"einlass pass mac key v1").as_ref())
    }

    /// The first 16 bytes of the HMAC-SHA256 of the tag, the kind, the campaign and the parts, each
    /// ended by a zero byte, which folding removes from what was typed in. The kinds are kept
    /// apart: no person has the subject of an e-mail address.
    fn subject(&self, campaign: &CampaignId, kind: IdentityKind, parts: &[&str]) -> Subject {
        let mut hash = hmac::Context::with_key(&self.0);
        for part in ["einlass identity v1", kind.as_str(), campaign.as_str()].iter().chain(parts) {
            hash.update(part.as_bytes());
            hash.update(b"\0");
        }
        Subject::from_bytes(first_16(hash.sign().as_ref()))
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey(…)")
    }
}

#[cfg(test)]
mod tests;
