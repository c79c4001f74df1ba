//! The text of a code, as people read it from a letter and type it in.
//!
//! ```text
//! 16 characters of Crockford's base 32: 20 bits of its number, 60 bits of HMAC-SHA-256
//! 000H-T3KQ-9XWD-7M2P
//! ```
//!
//! The key of the signature derives from the draw key, the room and the incarnation. A room is served only with the
//! draw key that it was created with, so a letter stays good however often the keys of the tickets change meanwhile.
//! Whoever guesses meets a code with one try in 2⁶⁰, also where a million were issued: each guess names its number.

use std::fmt::Write as _;

use aws_lc_rs::{constant_time, hmac};
use pass::Subject;

use crate::alphabet::{CROCKFORD, characters};
use crate::draw::DrawKey;
use crate::settings::RoomId;

const SYMBOLS: usize = 16;
const GROUP: usize = 4;
const TAG_BITS: u32 = 60;
const KEY_TAG: &[u8] = b"einlass-priority-code-v1";
const OF_THE_CODE: &[u8] = b"code";
const OF_THE_SUBJECT: &[u8] = b"subject";

/// The number of a code in its line, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeNumber(u32);

impl CodeNumber {
    /// So many codes are there in a line at most: their marks take 128 KiB in the store.
    pub const COUNT_MAX: u32 = 1 << 20;

    /// This number; `None` if there is no such code.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number < Self::COUNT_MAX { Some(Self(number)) } else { None }
    }

    /// As a plain number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// Writes and reads the codes of one line.
pub struct PriorityKey(hmac::Key);

impl PriorityKey {
    /// That of this incarnation of `room`.
    #[must_use]
    pub fn new(draw_key: &DrawKey, room: &RoomId, incarnation: u32) -> Self {
        Self(draw_key.derive(KEY_TAG, room, incarnation))
    }

    /// The code of this number.
    #[must_use]
    pub fn code(&self, number: CodeNumber) -> String {
        let bits = u128::from(number.0) << TAG_BITS | u128::from(self.tag(number));
        let mut text = String::with_capacity(SYMBOLS + SYMBOLS / GROUP);
        for at in 0..SYMBOLS {
            if at > 0 && at.is_multiple_of(GROUP) {
                text.push('-');
            }
            let symbol = bits >> (5 * (SYMBOLS - 1 - at)) & 31;
            let _never_fails = write!(text, "{}", char::from(CROCKFORD[symbol as usize]));
        }
        text
    }

    /// The number of a code of this line; `None` for any other text.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<CodeNumber> {
        let (mut bits, mut count) = (0_u128, 0);
        for character in characters(text) {
            count += 1;
            if count > SYMBOLS {
                return None;
            }
            let character = character?;
            bits = bits << 5 | CROCKFORD.iter().position(|known| *known == character)? as u128;
        }
        let number = CodeNumber::new(u32::try_from(bits >> TAG_BITS).ok()?)?;
        let tag = (bits & ((1 << TAG_BITS) - 1)) as u64;
        let expected = self.tag(number).to_be_bytes();
        let is_same = constant_time::verify_slices_are_equal(&expected, &tag.to_be_bytes()).is_ok();
        (count == SYMBOLS && is_same).then_some(number)
    }

    /// Whom the code stands for where the room does not ask who comes: so it has one lot and one pass, even if the
    /// store forgets that it was used.
    #[must_use]
    pub fn subject(&self, number: CodeNumber) -> Subject {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.sign(OF_THE_SUBJECT, number).as_ref()[..16]);
        Subject::from_bytes(bytes)
    }

    fn tag(&self, number: CodeNumber) -> u64 {
        let signature = self.sign(OF_THE_CODE, number);
        let first = signature.as_ref()[..8].iter();
        first.fold(0_u64, |tag, byte| tag << 8 | u64::from(*byte)) >> (u64::BITS - TAG_BITS)
    }

    fn sign(&self, what: &[u8], number: CodeNumber) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(what);
        context.update(&number.0.to_be_bytes());
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(number: u32) -> CodeNumber {
        CodeNumber::new(number).expect("a number")
    }

    fn key(room: &str, incarnation: u32) -> PriorityKey {
        PriorityKey::new(&DrawKey::new(&[1; 32]), &room.parse().expect("a name"), incarnation)
    }

    /// Letters with codes are printed and sent: what they say must never change.
    #[test]
    fn the_text_of_a_code_is_frozen() {
        let key = key("town", 1);
        assert_eq!(key.code(number(0)), "0000-5XMT-KF78-70DN");
        assert_eq!(key.code(number(CodeNumber::COUNT_MAX - 1)), "ZZZZ-56AK-WE19-1HWM");
        assert_eq!(CodeNumber::new(CodeNumber::COUNT_MAX), None);
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let key = key("town", 1);
        // Of this number the code has a 0 and a 1.
        let code = key.code(number(32));
        assert!(code.starts_with("0010-"), "{code}");
        let typed = [
            code.to_ascii_lowercase(),
            code.replace('-', ""),
            code.replace('-', " "),
            code.replacen("001", "oOi", 1),
            code.replacen("001", "OOL", 1),
            format!("  {code} "),
        ];
        for text in typed {
            assert_eq!(key.read(&text), Some(number(32)), "{text}");
        }
    }

    #[test]
    fn codes_of_others_are_worth_nothing() {
        let code = key("town", 1).code(number(7));
        assert_eq!(key("town", 1).read(&code), Some(number(7)));
        assert_eq!(key("village", 1).read(&code), None, "of another room");
        assert_eq!(key("town", 2).read(&code), None, "of another line");
        let other = PriorityKey::new(&DrawKey::new(&[2; 32]), &"town".parse().expect("name"), 1);
        assert_eq!(other.read(&code), None, "of another town");
        for text in ["", "-", "0000", "ü", &format!("{code}0"), &"0".repeat(10_000), &code[..18]] {
            assert_eq!(key("town", 1).read(text), None, "{text}");
        }
    }

    #[test]
    fn a_code_has_one_subject_and_others_have_others() {
        let subjects = [0, 1, 2].map(|at| key("town", 1).subject(number(at)));
        assert_eq!(subjects[0], key("town", 1).subject(number(0)));
        assert!(subjects[0] != subjects[1] && subjects[1] != subjects[2]);
        assert_ne!(subjects[0], key("town", 2).subject(number(0)));
    }

    proptest! {
        /// One character wrong, and it is no code.
        #[test]
        fn a_mistyped_code_is_none(
            at in 0..CodeNumber::COUNT_MAX, position in 0_usize..19, typed in "[0-9A-HJKMNP-TV-Z]",
        ) {
            let mut text = key("town", 1).code(number(at));
            prop_assert_eq!(key("town", 1).read(&text), Some(number(at)));
            let is_hyphen = &text[position..=position] == "-";
            prop_assume!(!is_hyphen && text[position..=position] != typed);
            text.replace_range(position..=position, &typed);
            prop_assert_eq!(key("town", 1).read(&text), None);
        }
    }
}
