//! A text that people declare when they book.

use kernel::{Slug, Timestamp};
use serde::{Deserialize, Serialize};

use crate::language::Language;

/// A text that is shown to whoever books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaration {
    /// Which one, and which version of it.
    #[serde(flatten)]
    pub of: DeclarationVersion,
    /// Whether nobody is booked without it.
    pub required: bool,
    /// The text, in German.
    pub text_de: String,
    /// The text, in English.
    pub text_en: String,
}

/// One version of one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclarationVersion {
    /// The name of the declaration.
    pub id: Slug,
    /// The version of its text.
    pub version: u32,
}

/// A declaration that somebody has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Which version of which text.
    pub of: DeclarationVersion,
    /// The language in which it was shown.
    pub language: Language,
    /// When the request came that said so.
    pub at: Timestamp,
}
