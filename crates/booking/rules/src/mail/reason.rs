//! Why a letter was not sent.

use std::fmt;

/// Why a letter was not sent, in a few words of which none is personal: what mail servers say may quote
/// addresses, so of that only the numbers are kept (P15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

const LENGTH_MAX: usize = 48;

impl Reason {
    /// The person has given no address.
    pub const NO_ADDRESS: &str = "no_address";
    /// What it tells is not so any more, or is over.
    pub const OVERTAKEN: &str = "overtaken";
    /// What it is about is gone, with its campaign.
    pub const NO_BOOKING: &str = "no_booking";
    /// It would be a link, and the operator has named no page.
    pub const NO_PAGE: &str = "no_page";
    /// The mail server was not reached.
    pub const UNREACHABLE: &str = "unreachable";
    /// The mail server did not answer in time.
    pub const SILENT: &str = "silent";
    /// It was tried for too long.
    pub const GIVEN_UP: &str = "given_up";
    /// The receiver does not want such mail.
    pub const COMPLAINT: &str = "complaint";
    /// The letter cannot be made.
    pub const UNWRITABLE: &str = "unwritable";

    /// The reason in these words, without what no reason has: only `a-z`, `0-9`, full stops, spaces and
    /// underscores stay, and 48 of them.
    #[must_use]
    pub fn new(words: &str) -> Self {
        let is_plain =
            |character: &char| matches!(character, 'a'..='z' | '0'..='9' | '.' | ' ' | '_');
        Self(words.chars().filter(is_plain).take(LENGTH_MAX).collect())
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
