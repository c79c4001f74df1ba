//! What a pass says.

use std::fmt;
use std::str::FromStr;

use kernel::{Ags, CampaignId, Entropy, InvalidId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Subject;

/// The most persons one pass may book: one car.
pub const SEATS_MAX: u8 = 4;

/// The id of a pass: 16 bytes, written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PassId([u8; 16]);

impl PassId {
    /// A random id.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for PassId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Only one spelling is an id, so that two texts are the same pass exactly if they are equal.
        let canonical =
            text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        canonical
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .map(|number| Self(number.to_be_bytes()))
            .ok_or_else(|| InvalidId {
                text: text.chars().take(64).collect(),
                expected: "a pass id of 32 hexadecimal digits",
            })
    }
}

impl TryFrom<String> for PassId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PassId> for String {
    fn from(id: PassId) -> Self {
        id.to_string()
    }
}

/// The content of a pass. In the token, times are whole seconds, rounded down, and `nbf` = `iat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `iss`: who minted the pass.
    pub issuer: String,
    /// `aud`: the campaign it is for.
    pub campaign: CampaignId,
    /// `jti`: what the booking API counts the pass's use under.
    pub pass_id: PassId,
    /// `iat`: when it was minted.
    pub issued_at: Timestamp,
    /// `exp`: until when it may be used.
    pub expires_at: Timestamp,
    /// `ags`: the municipality whose residents may be booked with it.
    pub ags: Ags,
    /// `seats`: how many persons it may book, 1 to [`SEATS_MAX`].
    pub seats: u8,
    /// `sub`: who must be the first person booked with it. `None` if the room asks for no identity.
    pub binding: Option<Subject>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_id_has_one_spelling() {
        let id = PassId::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        let text = "000102030405060708090a0b0c0d0eff";
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(serde_json::to_string(&id).expect("serializes"), format!("\"{text}\""));
        for bad in ["", "+00102030405060708090a0b0c0d0eff", &text.to_uppercase(), &text[1..]] {
            assert!(bad.parse::<PassId>().is_err(), "{bad}");
        }
    }
}
