//! Public entropy: what comes out of a public event after the entries were frozen.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that enters the seed of a draw, such as the numbers of a lottery: without white space at its
/// ends, one to 64 bytes of UTF-8, no control characters. Written as hexadecimal digits of its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicEntropy(String);

/// The text cannot be the public entropy of a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEntropy {
    /// Nothing but white space.
    #[error("public entropy must not be empty")]
    Empty,
    /// More than [`PublicEntropy::LENGTH_MAX`] bytes.
    #[error("public entropy must have at most {} bytes", PublicEntropy::LENGTH_MAX)]
    TooLong,
    /// Line breaks, tabs and the like: two people who read the same numbers would not type the same.
    #[error("public entropy must be one line without control characters")]
    ControlCharacter,
    /// Written otherwise than by [`PublicEntropy`] itself.
    #[error("public entropy is written as the hexadecimal digits of its UTF-8")]
    NotHexadecimal,
}

impl PublicEntropy {
    /// The longest text, in bytes: a drand beacon in hexadecimal digits. It has room in every ticket, which
    /// carries it once drawn, so that tickets restore a draw that a store has forgotten.
    pub const LENGTH_MAX: usize = 64;

    /// The entropy that somebody typed: white space at the ends does not count.
    pub fn from_text(text: &str) -> Result<Self, InvalidEntropy> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidEntropy::Empty);
        }
        if text.len() > Self::LENGTH_MAX {
            return Err(InvalidEntropy::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidEntropy::ControlCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The entropy written as hexadecimal digits.
    pub fn from_hex(hex: &str) -> Result<Self, InvalidEntropy> {
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|&[high, low]| Some((digit(high)? << 4) | digit(low)?)).collect();
        let text = bytes
            .filter(|_| rest.is_empty())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(InvalidEntropy::NotHexadecimal)?;
        let entropy = Self::from_text(&text)?;
        if entropy.0 == text { Ok(entropy) } else { Err(InvalidEntropy::NotHexadecimal) }
    }

    /// The bytes that enter the seed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicEntropy({:?})", self.0)
    }
}

impl Serialize for PublicEntropy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicEntropy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_hex(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_line_of_text_is_entropy() {
        let text = PublicEntropy::from_text(" 3 8 21 22 30 41\n").expect("entropy");
        assert_eq!(text.as_bytes(), b"3 8 21 22 30 41");
        assert_eq!(text.to_string(), "332038203231203232203330203431");
        assert_eq!(PublicEntropy::from_text(" \n"), Err(InvalidEntropy::Empty));
        assert_eq!(PublicEntropy::from_text("3\t8"), Err(InvalidEntropy::ControlCharacter));
        assert_eq!(PublicEntropy::from_text(&"ä".repeat(33)), Err(InvalidEntropy::TooLong));
    }

    #[test]
    fn what_is_published_has_one_spelling() {
        for hex in ["3", "+3", "zz", "ff", "2033"] {
            assert_eq!(PublicEntropy::from_hex(hex), Err(InvalidEntropy::NotHexadecimal), "{hex}");
        }
        assert_eq!(PublicEntropy::from_hex(""), Err(InvalidEntropy::Empty));
    }

    proptest! {
        #[test]
        fn it_reads_back_what_it_wrote(text in "\\PC{1,40}") {
            if let Ok(entropy) = PublicEntropy::from_text(&text) {
                prop_assert_eq!(PublicEntropy::from_hex(&entropy.to_string()), Ok(entropy));
            }
        }
    }
}
