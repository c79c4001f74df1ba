//! The code with which another device gets a ticket.
//!
//! Somebody reads it off one device and types it into another, so it is short, and what is short can be guessed: it holds
//! for some minutes, opens once, and whoever tries codes is limited. The store keeps what it opens under a name that only
//! the code and the key give, and sealed so that only they open it: whoever can read the store gets no ticket, and whoever
//! can write it makes none ([AEAD](https://www.rfc-editor.org/rfc/rfc5116) with AES-256-GCM; the key of each box is used
//! for nothing else, so the nonce need not vary).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use kernel::{Entropy, InvalidId};
use serde::Deserialize;

use crate::alphabet::{CROCKFORD, characters};
use crate::draw::DrawKey;
use crate::settings::RoomSettings;

/// How long a code holds.
pub const RESUME_CODE_TTL: Duration = Duration::from_mins(10);

/// Codes of one room that are kept at once, at least; with more than twice as many no more are made. So one guess in
/// 10¹⁰ is right at most.
pub const RESUME_CODES_MAX: usize = 50_000;

const LENGTH: usize = 10;
/// The longest text that is read as a code.
const TEXT_LENGTH_MAX: usize = 40;
const GROUP: usize = 5;

const KEY_TAG: &[u8] = b"einlass-resume-key-v1";
const NAME_TAG: &[u8] = b"einlass-resume-name-v1";
const BOX_TAG: &[u8] = b"einlass-resume-box-v1";

/// Ten characters of Crockford's alphabet, 50 random bits, written in two groups.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ResumeCode([u8; LENGTH]);

impl ResumeCode {
    /// A random code.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self(entropy.bytes::<LENGTH>().map(|byte| CROCKFORD[usize::from(byte % 32)]))
    }
}

impl fmt::Display for ResumeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if index == GROUP {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*byte))?;
        }
        Ok(())
    }
}

/// A code is as good as the ticket while it holds.
impl fmt::Debug for ResumeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeCode(…)")
    }
}

impl FromStr for ResumeCode {
    type Err = InvalidId;

    /// Reads a code as people write it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidId { text: String::new(), expected: "a code such as K7Q2M-9XA4D" };
        if text.len() > TEXT_LENGTH_MAX {
            return Err(invalid());
        }
        let mut code = [0; LENGTH];
        let mut count = 0;
        for character in characters(text) {
            *code.get_mut(count).ok_or_else(invalid)? = character.ok_or_else(invalid)?;
            count += 1;
        }
        if count == LENGTH { Ok(Self(code)) } else { Err(invalid()) }
    }
}

impl TryFrom<String> for ResumeCode {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

/// Under what the store keeps what a code opens.
pub type ResumeName = [u8; 16];

/// What the store keeps for a code.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptTicket {
    /// The name of the code.
    pub name: ResumeName,
    /// The ticket, sealed.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for KeptTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptTicket(…)")
    }
}

/// What the codes of one room are kept by. It comes from the key of the draws, which stays while people wait, and from
/// which nothing of the draws follows.
pub struct ResumeKey(hmac::Key);

impl ResumeKey {
    /// That of the room's line.
    #[must_use]
    pub fn of(draw_key: &DrawKey, settings: &RoomSettings) -> Self {
        Self(draw_key.derive(KEY_TAG, &settings.room, settings.incarnation))
    }

    /// The name under which the store keeps what `code` opens.
    #[must_use]
    pub fn name(&self, code: &ResumeCode) -> ResumeName {
        let derived = self.derive(NAME_TAG, code);
        std::array::from_fn(|index| derived[index])
    }

    /// What the store keeps so that `code` opens the ticket.
    ///
    /// # Panics
    /// Not for a ticket: AES-GCM seals 64 GiB.
    #[must_use]
    pub fn keep(&self, code: &ResumeCode, ticket: &str) -> KeptTicket {
        let mut sealed = ticket.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let done = self.key(code).seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed);
        done.expect("a ticket is short enough to be sealed");
        KeptTicket { name: self.name(code), sealed }
    }

    /// The ticket that was kept for `code`; `None` if this is not what was kept.
    #[must_use]
    pub fn open(&self, code: &ResumeCode, mut sealed: Vec<u8>) -> Option<String> {
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let opened = self.key(code).open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        std::str::from_utf8(opened).ok().map(str::to_owned)
    }

    fn key(&self, code: &ResumeCode) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, &self.derive(BOX_TAG, code));
        LessSafeKey::new(key.expect("the key has the length of the algorithm's"))
    }

    fn derive(&self, tag: &[u8], code: &ResumeCode) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(tag);
        context.update(&code.0);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededEntropy;

    use super::*;
    use crate::contract::room_settings;

    fn key(room: &str, incarnation: u32) -> ResumeKey {
        let settings = RoomSettings { incarnation, ..room_settings(room) };
        ResumeKey::of(&DrawKey::new(&[1; 32]), &settings)
    }

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code: ResumeCode = "K0Q21-9XA1D".parse().expect("a code");
        assert_eq!(code.to_string(), "K0Q21-9XA1D");
        for text in ["k0q219xa1d", " koq2i 9xald ", "K-0-Q-2-1-9-X-A-1-D"] {
            assert_eq!(text.parse(), Ok(code), "{text}");
        }
        let padded = "K0Q21-9XA1D".to_owned() + &" ".repeat(29);
        assert_eq!(padded.parse(), Ok(code));
        assert!((padded + " ").parse::<ResumeCode>().is_err());
        for text in ["", "K0Q21", "K0Q21-9XA1DD", "K0Q21-9XA1U", "K0Q21-9XA1ß"] {
            assert!(text.parse::<ResumeCode>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_random_code_reads_back() {
        let entropy = SeededEntropy::new(3);
        for _ in 0..100 {
            let code = ResumeCode::new(&entropy);
            assert_eq!(code.to_string().parse(), Ok(code));
        }
    }

    #[test]
    fn what_is_kept_is_opened_by_its_code_alone() {
        let [code, other] = ["K0Q21-9XA1D", "K0Q21-9XA1E"].map(|code| code.parse().expect("one"));
        let kept = key("town", 1).keep(&code, "a ticket");
        assert_eq!(kept.name, key("town", 1).name(&code));
        assert_eq!(key("town", 1).open(&code, kept.sealed.clone()).as_deref(), Some("a ticket"));
        assert_eq!(key("town", 1).open(&other, kept.sealed.clone()), None);
        for elsewhere in [key("town", 2), key("village", 1)] {
            assert_ne!(elsewhere.name(&code), kept.name);
            assert_eq!(elsewhere.open(&code, kept.sealed.clone()), None);
        }
        let mut changed = kept.sealed.clone();
        changed[0] ^= 1;
        assert_eq!(key("town", 1).open(&code, changed), None);
        assert!(!kept.sealed.windows(6).any(|bytes| bytes == b"ticket"));
    }
}
