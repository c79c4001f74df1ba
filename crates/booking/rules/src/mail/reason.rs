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
    /// It came back, and nobody said why.
    pub const UNDELIVERED: &str = "undelivered";
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

    /// The status code (RFC 3463) in what a mail server says, such as `5.1.1`, and nothing else of it.
    #[must_use]
    pub fn status_in(said: &str) -> Option<&str> {
        said.split(|c: char| !c.is_ascii_digit() && c != '.').find(|word| is_status(word))
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

fn is_status(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len());
    parts.len() == 3 && ["2", "4", "5"].contains(&parts[0]) && parts.iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_three_numbers() {
        for status in ["5.1.1", "4.7.25"] {
            let said = format!("550 {status} <anna@127.0.0.1> unknown");
            assert_eq!(Reason::status_in(&said), Some(status));
        }
        for said in ["127.0.0.1", "5.1", "9.1.1", "", "5..1", "5.1.1000"] {
            assert_eq!(Reason::status_in(said), None, "{said}");
        }
    }
}
