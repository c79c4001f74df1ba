//! Whom a ticket stands for, and the one pass that follows from it.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{InvalidId, Slug};
use serde::{Deserialize, Serialize};

use crate::PassId;

/// Whom a ticket stands for: 16 bytes.
///
/// Where a room asks for no identity it is the ticket's own id, else a keyed hash that
/// [`crate::IdentityKey`] makes of a person or an e-mail address. It is written in base64url (22
/// characters); the 32 hexadecimal digits that ids are often shown as are read too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject([u8; 16]);

impl Subject {
    /// The subject with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the subject.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Shows nothing: in a log it would tie together what one person did.
impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(…)")
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for Subject {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The two spellings differ in length, so no text can mean two subjects.
        let bytes = match text.len() {
            22 => URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()),
            32 => text.parse::<PassId>().ok().map(|id| *id.as_bytes()),
            _ => None,
        };
        // What was given is not repeated: it may be somebody's.
        bytes.map(Self).ok_or_else(|| InvalidId {
            text: "…".to_owned(),
            expected: "a subject of 16 bytes in base64url or hexadecimal digits",
        })
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

impl PassId {
    /// The one pass that `subject` can ever have in an incarnation of `room` (P9, P17): however many
    /// tickets it takes and whatever is forgotten, what it books is counted under this id.
    ///
    /// The first 16 bytes of SHA-256(`"einlass-pass-v1"` ‖ length of the room's name in bytes ‖ the
    /// name ‖ incarnation ‖ subject); both numbers as 64 bits, big-endian.
    #[must_use]
    pub fn of(room: &Slug, incarnation: u32, subject: &Subject) -> Self {
        let name = room.as_str().as_bytes();
        let mut hash = Context::new(&SHA256);
        hash.update(b"einlass-pass-v1");
        hash.update(&(name.len() as u64).to_be_bytes());
        hash.update(name);
        hash.update(&u64::from(incarnation).to_be_bytes());
        hash.update(subject.as_bytes());
        Self::from_bytes(first_16(hash.finish().as_ref()))
    }
}

/// The first 16 bytes of a hash.
pub(crate) fn first_16(hash: &[u8]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: Subject =
        Subject::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);

    fn room(name: &str) -> Slug {
        name.parse().expect("a name")
    }

    #[test]
    fn a_subject_is_read_in_both_spellings_and_never_printed_by_accident() {
        let text = "AAECAwQFBgcICQoLDA0O_w";
        assert_eq!(SUBJECT.to_string(), text);
        for spelling in [text, "000102030405060708090a0b0c0d0eff"] {
            assert_eq!(spelling.parse(), Ok(SUBJECT));
        }
        assert_eq!(serde_json::to_string(&SUBJECT).expect("serializes"), format!("\"{text}\""));
        assert_eq!(format!("{SUBJECT:?}"), "Subject(…)");
        // The last one has bits set that no byte takes: a second spelling of the same subject.
        for bad in
            ["", "AAECAwQFBgcICQoLDA0O_w==", "AAECAwQFBgcICQoLDA0O/w", "AAECAwQFBgcICQoLDA0O_x"]
        {
            let error = bad.parse::<Subject>().expect_err("refused");
            assert_eq!(error.text, "…", "{bad}");
        }
    }

    /// P9, P17: the id is part of what both services, every version and every store agree on.
    #[test]
    fn the_pass_of_a_subject_is_frozen() {
        let id =
            |name: &str, incarnation| PassId::of(&room(name), incarnation, &SUBJECT).to_string();
        assert_eq!(id("speyer-2021-06-20", 1), "4c69523d59ad3c05fda5c73654f85080");
        assert_eq!(id("speyer-2021-06-20", 2), "444cc071a0b64c2d714659970754d865");
        assert_eq!(id("a", 1_000_000), "0baabcab6668c93d2c81040fbf74c833");
    }

    #[test]
    fn another_subject_room_or_incarnation_has_another_pass() {
        let pass = PassId::of(&room("a"), 1, &SUBJECT);
        assert_eq!(pass, PassId::of(&room("a"), 1, &SUBJECT));
        assert_ne!(pass, PassId::of(&room("b"), 1, &SUBJECT));
        assert_ne!(pass, PassId::of(&room("a"), 2, &SUBJECT));
        assert_ne!(pass, PassId::of(&room("a"), 1, &Subject::from_bytes([0; 16])));
    }
}
