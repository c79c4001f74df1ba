//! Who may book is decided on the municipality, reached through the postcode.
//!
//! The official municipality key (Amtlicher Gemeindeschlüssel, AGS) is the deciding fact. In Germany
//! about one postcode in six covers several municipalities; there the citizen is asked which one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidId;

/// A German postcode: five digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Postcode(u32);

/// The official 8-digit municipality key (AGS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ags(u32);

fn parse_digits(text: &str, length: usize) -> Option<u32> {
    let is_number = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

macro_rules! digits {
    ($name:ident, $length:literal, $expected:literal) => {
        impl $name {
            /// The digits as a number; leading zeros are implied by the type.
            #[must_use]
            pub const fn number(self) -> u32 {
                self.0
            }

            /// The inverse of [`Self::number`]; `None` if the number has too many digits.
            #[must_use]
            pub const fn from_number(number: u32) -> Option<Self> {
                if number < 10_u32.pow($length) { Some(Self(number)) } else { None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:0width$}", self.0, width = $length)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse_digits(text, $length).map(Self).ok_or_else(|| InvalidId {
                    text: text.chars().take(16).collect(),
                    expected: $expected,
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

digits!(Postcode, 5, "a postcode of five digits");
digits!(Ags, 8, "a municipality key (AGS) of eight digits");

/// One municipality as reached through one of its postcodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Municipality {
    /// One of its postcodes.
    pub postcode: Postcode,
    /// Its official key.
    pub ags: Ags,
    /// Its name, for people.
    pub name: String,
    /// Whether its residents may book.
    pub eligible: bool,
}

/// What the residence question came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResidenceAnswer<'a> {
    /// May book, as a resident of this municipality.
    Eligible(&'a Municipality),
    /// May not book; the municipality is named where the campaign knows the postcode.
    NotEligible(Option<&'a Municipality>),
    /// The postcode covers several municipalities, not all of them eligible or not: ask which one.
    Ambiguous(Vec<&'a Municipality>),
    /// The named municipality does not have this postcode.
    Mismatch,
}

/// The table of postcodes and municipalities that comes with a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResidenceTable {
    rows: Vec<Municipality>,
}

impl ResidenceTable {
    /// A table of these rows.
    #[must_use]
    pub fn new(mut rows: Vec<Municipality>) -> Self {
        rows.sort_by_key(|row| (row.postcode, row.ags));
        Self { rows }
    }

    /// All rows, ordered by postcode and key.
    #[must_use]
    pub fn rows(&self) -> &[Municipality] {
        &self.rows
    }

    /// Answers the residence question. O(log n + matches).
    #[must_use]
    pub fn decide(&self, postcode: Postcode, ags: Option<Ags>) -> ResidenceAnswer<'_> {
        let from = self.rows.partition_point(|row| row.postcode < postcode);
        let candidates: Vec<&Municipality> =
            self.rows[from..].iter().take_while(|row| row.postcode == postcode).collect();
        let answer = |municipality: &'_ Municipality| municipality.eligible;
        match (candidates.as_slice(), ags) {
            ([], _) => ResidenceAnswer::NotEligible(None),
            ([only], None) if answer(only) => ResidenceAnswer::Eligible(only),
            ([only], None) => ResidenceAnswer::NotEligible(Some(only)),
            (several, Some(ags)) => match several.iter().find(|row| row.ags == ags) {
                Some(named) if answer(named) => ResidenceAnswer::Eligible(named),
                Some(named) => ResidenceAnswer::NotEligible(Some(named)),
                None => ResidenceAnswer::Mismatch,
            },
            (several, None) if several.iter().any(|row| answer(row)) => {
                ResidenceAnswer::Ambiguous(candidates)
            }
            ([first, ..], None) => ResidenceAnswer::NotEligible(Some(first)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(postcode: &str, ags: &str, eligible: bool) -> Municipality {
        Municipality {
            postcode: postcode.parse().expect("postcode"),
            ags: ags.parse().expect("ags"),
            name: format!("municipality {ags}"),
            eligible,
        }
    }

    fn table() -> ResidenceTable {
        ResidenceTable::new(vec![
            row("67346", "07318000", true),
            row("67454", "07332025", false),
            row("12345", "01000001", true),
            row("12345", "01000002", false),
        ])
    }

    #[test]
    fn leading_zeros_survive() {
        assert_eq!("01067".parse::<Postcode>().map(|p| p.to_string()), Ok("01067".into()));
        assert_eq!("07318000".parse::<Ags>().map(|a| a.to_string()), Ok("07318000".into()));
        for bad in ["6734", "673460", "6734a", "", "+6734"] {
            assert!(bad.parse::<Postcode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn one_municipality_decides_alone() {
        let table = table();
        let decide = |postcode: &str| table.decide(postcode.parse().expect("postcode"), None);
        assert!(
            matches!(decide("67346"), ResidenceAnswer::Eligible(m) if m.ags.to_string() == "07318000")
        );
        assert!(matches!(decide("67454"), ResidenceAnswer::NotEligible(Some(_))));
        assert_eq!(decide("80331"), ResidenceAnswer::NotEligible(None));
    }

    #[test]
    fn an_ambiguous_postcode_asks_for_the_municipality() {
        let table = table();
        let postcode = "12345".parse().expect("postcode");
        let decide = |ags: &str| table.decide(postcode, Some(ags.parse().expect("ags")));
        assert!(
            matches!(table.decide(postcode, None), ResidenceAnswer::Ambiguous(rows) if rows.len() == 2)
        );
        assert!(matches!(decide("01000001"), ResidenceAnswer::Eligible(_)));
        assert!(matches!(decide("01000002"), ResidenceAnswer::NotEligible(Some(_))));
        assert_eq!(decide("07318000"), ResidenceAnswer::Mismatch);
    }
}
