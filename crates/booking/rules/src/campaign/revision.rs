//! The history of a campaign: every definition it ever had, and who put it into force.
//!
//! Revisions are only ever added. Their numbers go on after a removal, so a number never means two
//! definitions.

use std::str::FromStr;

use kernel::Timestamp;

/// One entry of a campaign's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its number: 1, 2, 3 … within the campaign.
    pub number: u64,
    /// Who asked for it.
    pub actor: RevisionActor,
    /// When, on the store's clock.
    pub applied_at: Timestamp,
    /// Why, in the operator's words.
    pub reason: Option<ChangeReason>,
    /// The campaign as JSON; `None` where the campaign was removed.
    pub definition: Option<String>,
}

/// Who asked for a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevisionActor {
    /// The operator, at the command line.
    Operator,
    /// A starting service that found a campaign of its files missing.
    Start,
    /// The program that began to keep revisions: it found the campaign in force.
    Upgrade,
}

impl RevisionActor {
    /// The name under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Start => "start",
            Self::Upgrade => "upgrade",
        }
    }

    /// The inverse of [`Self::as_str`].
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Operator, Self::Start, Self::Upgrade]
            .into_iter()
            .find(|actor| actor.as_str() == text)
    }
}

/// Why a campaign was changed: one line of at most [`ChangeReason::CHARS_MAX`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeReason(String);

/// A text is not a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason is one line of 1 to {} characters", ChangeReason::CHARS_MAX)]
pub struct InvalidReason;

impl ChangeReason {
    /// The longest reason, in characters.
    pub const CHARS_MAX: usize = 500;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChangeReason {
    type Err = InvalidReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let is_long = text.chars().count() > Self::CHARS_MAX;
        if text.is_empty() || is_long || text.chars().any(char::is_control) {
            return Err(InvalidReason);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line() {
        let reason = " Der Tank ist leer. ".parse::<ChangeReason>().expect("a reason");
        assert_eq!(reason.as_str(), "Der Tank ist leer.");
        for text in ["", " ", "two\nlines", &"x".repeat(ChangeReason::CHARS_MAX + 1)] {
            assert_eq!(text.parse::<ChangeReason>(), Err(InvalidReason), "{text}");
        }
    }
}
