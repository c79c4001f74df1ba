//! Names and ids: readable slugs for what an operator names, prefixed random ids for the rest.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The text is not an id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not {expected}")]
pub struct InvalidId {
    /// What was given.
    pub text: String,
    /// What the text should have been.
    pub expected: &'static str,
}

/// A name in a URL: 1 to 64 characters of `a-z`, `0-9` and `-`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(Arc<str>);

/// The name of a campaign. The room in front of it has the same name.
pub type CampaignId = Slug;

impl Slug {
    /// The longest slug, in characters.
    pub const LENGTH_MAX: usize = 64;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if (1..=Self::LENGTH_MAX).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId {
                text: text.chars().take(Self::LENGTH_MAX).collect(),
                expected: "a name of 1 to 64 characters of a-z, 0-9 and -",
            })
        }
    }
}

impl TryFrom<String> for Slug {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.as_str().to_owned()
    }
}

/// Defines an id type that is written as a prefix and a UUID version 7 in hexadecimal, such as
/// `hold_0190b6…`: a log line or a support mail says at a glance what it talks about, and new ids
/// sort by time of creation (RFC 9562).
#[macro_export]
macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::id::Uuid);

        impl $name {
            /// A new id; 74 of its bits are random.
            #[must_use]
            pub fn new(now: $crate::Timestamp, entropy: &dyn $crate::Entropy) -> Self {
                Self($crate::id::uuid_v7(now, entropy))
            }

            /// The 16 bytes of the id, without its prefix.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id with these 16 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self($crate::id::Uuid::from_bytes(bytes))
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|hex| hex.len() == 32)
                    .and_then(|hex| $crate::id::Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| $crate::InvalidId {
                        text: text.chars().take(64).collect(),
                        expected: concat!("an id of the form ", $prefix, "_…"),
                    })
            }
        }

        impl $crate::id::Serialize for $name {
            fn serialize<S: $crate::id::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> $crate::id::Deserialize<'de> for $name {
            fn deserialize<D: $crate::id::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = ::std::string::String::deserialize(deserializer)?;
                text.parse().map_err($crate::id::custom_error)
            }
        }
    };
}

// What `prefixed_id!` needs in the crates that call it.
#[doc(hidden)]
pub use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as DeserializeError};
#[doc(hidden)]
pub use uuid::Uuid;

#[doc(hidden)]
#[must_use]
pub fn custom_error<E: DeserializeError>(error: InvalidId) -> E {
    E::custom(error)
}

#[doc(hidden)]
#[must_use]
pub fn uuid_v7(now: crate::Timestamp, entropy: &dyn crate::Entropy) -> Uuid {
    let unix_ms = u64::try_from(now.unix_ms()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(unix_ms, &entropy.bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SeededEntropy, Timestamp};

    prefixed_id!(
        /// An id to try the macro with.
        ProbeId,
        "probe"
    );

    #[test]
    fn a_prefixed_id_reads_back_what_it_wrote() {
        let id = ProbeId::new(Timestamp::from_unix_ms(1_623_650_400_000), &SeededEntropy::new(1));
        let text = id.to_string();
        assert!(text.starts_with("probe_017a09"), "{text}");
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(ProbeId::from_bytes(*id.as_bytes()), id);
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert!("hold_017a09a9b4007000800000000000".parse::<ProbeId>().is_err());
        assert!("probe_017a09a9-b400-7000-8000-000000000000".parse::<ProbeId>().is_err());
        assert!("probe_".parse::<ProbeId>().is_err());
    }

    #[test]
    fn a_slug_is_a_short_url_name() {
        assert!("speyer-2021-06-20".parse::<Slug>().is_ok());
        for bad in ["", "Speyer", "a b", "a/b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }
}
