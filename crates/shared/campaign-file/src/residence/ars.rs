//! The official regional key (Amtlicher Regionalschlüssel, ARS) of a municipality.

use std::fmt;
use std::str::FromStr;

use kernel::{Ags, InvalidId};

/// Twelve digits: Land 2, Regierungsbezirk 1, Kreis 2, association of municipalities 4, municipality 3.
/// The municipality key (AGS) is the same without the association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ars {
    digits: [u8; 12],
    ags: Ags,
}

/// The first digits of regional keys: those of a Land, a Kreis, or an association of municipalities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ArsPrefix(String);

impl Ars {
    /// The key of the same municipality without its association.
    pub(super) const fn ags(self) -> Ags {
        self.ags
    }
}

impl FromStr for Ars {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || InvalidId {
            text: text.chars().take(16).collect(),
            expected: "a regional key (ARS) of twelve digits",
        };
        let digits = <[u8; 12]>::try_from(text.as_bytes()).map_err(|_| wrong())?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(wrong());
        }
        let ags = format!("{}{}", &text[..5], &text[9..]).parse().map_err(|_| wrong())?;
        Ok(Self { digits, ags })
    }
}

impl fmt::Display for Ars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digits.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

impl ArsPrefix {
    /// Whether the municipality lies in what the prefix names.
    pub(super) fn covers(&self, ars: Ars) -> bool {
        ars.digits.starts_with(self.0.as_bytes())
    }
}

impl FromStr for ArsPrefix {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A prefix of another length would cut a key within one of its parts.
        let is_whole = [2, 3, 5, 9, 12].contains(&text.len());
        if is_whole && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidId {
            text: text.chars().take(16).collect(),
            expected: "the first 2, 3, 5 or 9 digits of regional keys (ARS), or all 12 of one",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_association_is_a_prefix_of_its_municipalities() {
        let dudenhofen: Ars = "073385007007".parse().expect("a key");
        assert_eq!(dudenhofen.ags().to_string(), "07338007");
        assert_eq!(dudenhofen.to_string(), "073385007007");
        for (prefix, covers) in [
            ("07", true),
            ("07338", true),
            ("073385007", true),
            ("073385007007", true),
            ("073385008", false),
            ("07318", false),
        ] {
            let read: ArsPrefix = prefix.parse().expect("a prefix");
            assert_eq!(read.covers(dudenhofen), covers, "{prefix}");
        }
        for bad in ["", "0", "0733", "0733850", "07338500a", "0733850070070"] {
            assert!(bad.parse::<ArsPrefix>().is_err(), "{bad}");
        }
        for bad in ["07338007", "07338500700ä", "0733850070070"] {
            assert!(bad.parse::<Ars>().is_err(), "{bad}");
        }
    }
}
