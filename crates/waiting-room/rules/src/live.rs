//! What may change while people wait: the operator's levers, kept in the room's state with a version.
//!
//! The store's operations read the levers themselves, so a change holds for all instances at once.

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lane::PerLane;
use crate::priority::PriorityCodes;

/// A text for people, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// German.
    pub de: String,
    /// English.
    pub en: String,
}

/// The longest message in one language, in characters.
pub const MESSAGE_LENGTH_MAX: usize = 500;

/// The levers. Stored as JSON and read tolerantly: a newer version may know more of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LiveSettings {
    /// Grows by one with each change; 0 as created from the campaign file.
    pub version: u64,
    /// Nobody is called and nobody is admitted.
    pub paused: bool,
    /// Admissions per minute in the long run.
    pub pace_per_minute: u32,
    /// Admissions that may come at once after a quiet time.
    pub burst: u32,
    /// Passes that may be alive at once.
    pub max_active: u32,
    /// What everybody should know.
    #[serde(default)]
    pub message: Option<Message>,
    /// The share of the pace that each lane is called with, in percent.
    #[serde(default = "public_alone")]
    pub shares: PerLane<u32>,
    /// The codes that open the lane `priority`.
    #[serde(default)]
    pub codes: PriorityCodes,
    /// Nobody joins, nobody is called and nobody is admitted, until it is opened again.
    #[serde(default)]
    pub closed: bool,
    /// The openings that are not when the settings say, by their numbers; see [`crate::schedule`].
    #[serde(default)]
    pub openings: BTreeMap<u16, OpeningLever>,
}

/// What the operator has made of an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpeningLever {
    /// It does not open until it is released.
    Held,
    /// It opens at this instant.
    At(Timestamp),
}

fn public_alone() -> PerLane<u32> {
    PerLane::public(100)
}

impl LiveSettings {
    /// The levers as a campaign file sets them.
    #[must_use]
    pub fn initial(pace_per_minute: u32, burst: u32, max_active: u32) -> Self {
        Self {
            version: 0,
            paused: false,
            pace_per_minute,
            burst,
            max_active,
            message: None,
            shares: public_alone(),
            codes: PriorityCodes::default(),
            closed: false,
            openings: BTreeMap::new(),
        }
    }

    /// Whether nobody is admitted at all.
    #[must_use]
    pub const fn admits_nobody(&self) -> bool {
        self.paused || self.closed
    }

    /// The levers after `change`: what it names, under the next version; or everything that is wrong
    /// with it.
    pub fn changed(&self, change: LiveChange) -> Result<Self, Vec<LiveMistake>> {
        let mut next = Self { version: self.version + 1, ..self.clone() };
        let LiveChange { paused, closed, pace_per_minute, burst, max_active, message, .. } = change;
        let LiveChange { shares, codes, .. } = change;
        next.paused = paused.unwrap_or(next.paused);
        next.closed = closed.unwrap_or(next.closed);
        next.pace_per_minute = pace_per_minute.unwrap_or(next.pace_per_minute);
        next.burst = burst.unwrap_or(next.burst);
        next.max_active = max_active.unwrap_or(next.max_active);
        next.message = message.unwrap_or(next.message);
        next.shares = shares.unwrap_or(next.shares);
        next.codes = codes.unwrap_or(next.codes);
        let mistakes = next.mistakes();
        if mistakes.is_empty() { Ok(next) } else { Err(mistakes) }
    }

    fn mistakes(&self) -> Vec<LiveMistake> {
        let too_long = |text: &str| text.chars().count() > MESSAGE_LENGTH_MAX;
        let message = self.message.as_ref();
        let shares: u32 = self.shares.iter().map(|(_, share)| *share).fold(0, u32::saturating_add);
        [
            (self.pace_per_minute == 0, LiveMistake::PaceIsZero),
            (self.burst == 0, LiveMistake::BurstIsZero),
            (self.max_active == 0, LiveMistake::MaxActiveIsZero),
            (
                message.is_some_and(|m| too_long(&m.de) || too_long(&m.en)),
                LiveMistake::MessageTooLong,
            ),
            (shares != 100, LiveMistake::SharesAreNotWhole),
        ]
        .into_iter()
        .filter_map(|(is_wrong, mistake)| is_wrong.then_some(mistake))
        .collect()
    }
}

/// What an operator changes but for the openings, which [`crate::service::operator::Change`] has; what is `None`
/// stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveChange {
    /// Whether people are called at all.
    pub paused: Option<bool>,
    /// Whether the room is closed.
    pub closed: Option<bool>,
    /// Admissions per minute.
    pub pace_per_minute: Option<u32>,
    /// Admissions that may come at once.
    pub burst: Option<u32>,
    /// Passes that may be alive at once.
    pub max_active: Option<u32>,
    /// The message; `Some(None)` takes it away.
    pub message: Option<Option<Message>>,
    /// The lanes' shares of the pace, in percent.
    pub shares: Option<PerLane<u32>>,
    /// The codes that open the lane `priority`.
    pub codes: Option<PriorityCodes>,
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiveMistake {
    /// The pace would be zero.
    #[error("the pace must be at least 1 a minute; to let nobody in, pause the room")]
    PaceIsZero,
    /// The burst would be zero.
    #[error("the burst must be at least 1, or nobody could ever be let in")]
    BurstIsZero,
    /// No pass could be alive.
    #[error("max_active must be at least 1; to let nobody in, pause the room")]
    MaxActiveIsZero,
    /// The message is too long.
    #[error("a message has at most {MESSAGE_LENGTH_MAX} characters in each language")]
    MessageTooLong,
    /// The shares do not add up.
    #[error("the shares of the lanes must add up to 100 percent")]
    SharesAreNotWhole,
    /// There is no opening of this number.
    #[error("there is no opening {0}")]
    NoSuchOpening(u16),
    /// The draw of this opening was held.
    #[error("opening {0} has been: its draw is held, and cannot be moved")]
    OpeningIsOver(u16),
    /// This opening would have been before it was moved.
    #[error("opening {0} would be in the past; say `now` to open at once")]
    OpeningInThePast(u16),
    /// This opening would be when the room is over.
    #[error("opening {0} would not be before the room closes")]
    OpeningAfterTheEnd(u16),
    /// This opening would not be behind the one before it, or not before the one behind it.
    #[error(
        "opening {0} would not be in its order: move the one next to it as well, or hold that back"
    )]
    OpeningOutOfOrder(u16),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::Lane;

    #[test]
    fn a_change_leaves_the_rest_and_counts_up() {
        let levers = LiveSettings::initial(600, 100, 200);
        let change = LiveChange { paused: Some(true), ..LiveChange::default() };
        let next = levers.changed(change).expect("valid");
        assert_eq!(next, LiveSettings { version: 1, paused: true, ..levers });
    }

    #[test]
    fn every_mistake_is_named() {
        let change = LiveChange {
            pace_per_minute: Some(0),
            burst: Some(0),
            max_active: Some(0),
            message: Some(Some(Message { de: "ä".repeat(501), en: String::new() })),
            shares: Some(PerLane([0, 101, 0])),
            ..LiveChange::default()
        };
        let mistakes = LiveSettings::initial(600, 100, 200).changed(change).expect_err("refused");
        assert_eq!(mistakes.len(), 5, "{mistakes:?}");
    }

    #[test]
    fn levers_of_a_newer_version_are_understood() {
        let text = r#"{"version":3,"paused":true,"pace_per_minute":60,"burst":5,"max_active":9,"mood":"calm"}"#;
        let levers: LiveSettings = serde_json::from_str(text).expect("tolerant");
        assert_eq!((levers.version, levers.shares[Lane::Public]), (3, 100));
    }
}
