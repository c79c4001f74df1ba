//! What operators have done: who, what, before, after, why. Written by the store in the same step as the change, so
//! that there is no change without its record and no record of what was not done.
//!
//! The newest of a room are kept, about [`RECORDS_MAX`] of them, also when the room is removed or begins a new line.

use std::fmt;
use std::str::FromStr;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::live::LiveSettings;
use crate::settings::RoomSettings;

/// How many records of a room are kept at least, of those that there were.
pub const RECORDS_MAX: usize = 10_000;

/// The longest reason, in characters.
pub const WHY_LENGTH_MAX: usize = 500;

/// Who asks for a change, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The subject of the token of staff; `cli:` and the name of whoever typed a command; `start` for a starting
    /// service that keeps its rooms itself.
    pub who: String,
    /// Why, in their words; at most [`WHY_LENGTH_MAX`] characters.
    pub why: Option<String>,
}

impl By {
    /// A service that keeps its rooms itself, when it starts.
    #[must_use]
    pub fn start() -> Self {
        Self { who: "start".to_owned(), why: None }
    }

    /// What was done by them.
    #[must_use]
    pub fn did(&self, what: What, before: Value, after: Value) -> Deed {
        Deed { who: self.who.clone(), what, before, after, why: self.why.clone() }
    }

    /// They changed levers.
    #[must_use]
    pub fn changed(&self, before: &LiveSettings, after: &LiveSettings) -> Deed {
        let (before, after) = differing(before, after);
        self.did(What::Levers, before, after)
    }

    /// They created the room, or began a new line in it.
    #[must_use]
    pub fn created(&self, settings: &RoomSettings) -> Deed {
        let openings: Vec<Timestamp> =
            settings.openings.iter().map(|opening| opening.opens_at).collect();
        let after = json!({
            "incarnation": settings.incarnation,
            "openings": openings,
            "closes_at": settings.closes_at,
        });
        self.did(What::Created, Value::Null, after)
    }

    /// They removed the room.
    #[must_use]
    pub fn removed(&self) -> Deed {
        self.did(What::Removed, Value::Null, Value::Null)
    }

    /// They supplied the public entropy of a draw.
    #[must_use]
    pub fn supplied(&self, opening: u16, entropy: &str) -> Deed {
        self.did(What::Entropy, Value::Null, json!({"opening": opening, "entropy": entropy}))
    }
}

/// The kinds of what operators do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Changed levers.
    Levers,
    /// Created the room, or began a new line in it.
    Created,
    /// Removed the room.
    Removed,
    /// Supplied the public entropy of a draw.
    Entropy,
    /// Something that a later version knows.
    #[serde(other)]
    Other,
}

/// Something that an operator does. Stored as JSON and read tolerantly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Who; see [`By::who`].
    pub who: String,
    /// What.
    pub what: What,
    /// What is different now, as it was.
    pub before: Value,
    /// What is different now, as it is.
    pub after: Value,
    /// Why.
    #[serde(default)]
    pub why: Option<String>,
}

/// A deed that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands among the records of its room.
    pub id: RecordId,
    /// When, by the clock of the store.
    pub at: Timestamp,
    /// What was done.
    pub deed: Deed,
}

/// Where a record stands among those of its room: a later one is greater. Written as `ms-number`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId {
    /// The milliseconds of the store when it was written, or more where its clock was set back.
    pub ms: u64,
    /// Its number in them.
    pub number: u64,
}

impl RecordId {
    /// None is before it.
    pub const FIRST: Self = Self { ms: 0, number: 0 };
    /// None is behind it.
    pub const LAST: Self = Self { ms: u64::MAX, number: u64::MAX };
}

/// What is no id of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a record is two numbers with a hyphen between them")]
pub struct NoRecordId;

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.number)
    }
}

impl FromStr for RecordId {
    type Err = NoRecordId;

    fn from_str(text: &str) -> Result<Self, NoRecordId> {
        let (ms, number) = text.split_once('-').ok_or(NoRecordId)?;
        let digits = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten().ok_or(NoRecordId)
        };
        Ok(Self { ms: digits(ms)?, number: digits(number)? })
    }
}

/// Which records are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those behind this one, or from the oldest on; the oldest first.
    After(Option<RecordId>),
    /// Those before this one, or from the newest on; the newest first.
    Before(Option<RecordId>),
}

/// The members of the levers that differ, as they were and as they are.
fn differing(before: &LiveSettings, after: &LiveSettings) -> (Value, Value) {
    let members = |live: &LiveSettings| match serde_json::to_value(live) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => Map::new(),
    };
    let (mut before, mut after) = (members(before), members(after));
    let same: Vec<String> = before
        .iter()
        .filter(|(name, value)| after.get(*name) == Some(value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in same {
        before.remove(&name);
        after.remove(&name);
    }
    (before.into(), after.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::LiveChange;

    #[test]
    fn a_record_of_levers_has_what_differs() {
        let levers = LiveSettings::initial(600, 100, 200);
        let change = LiveChange { paused: Some(true), burst: Some(100), ..LiveChange::default() };
        let changed = levers.changed(change).expect("valid");
        let by = By { who: "erika".into(), why: Some("the database is slow".into()) };
        let deed = by.changed(&levers, &changed);
        let json = serde_json::to_string(&deed).expect("JSON");
        assert_eq!(
            json,
            r#"{"who":"erika","what":"levers","before":{"paused":false,"version":0},"after":{"paused":true,"version":1},"why":"the database is slow"}"#
        );
        assert_eq!(serde_json::from_str::<Deed>(&json).expect("read"), deed);
    }

    #[test]
    fn what_a_later_version_records_can_be_read() {
        let json = r#"{"who":"erika","what":"codes_issued","before":null,"after":{"count":3},"mood":"calm"}"#;
        let deed: Deed = serde_json::from_str(json).expect("tolerant");
        assert_eq!((deed.what, deed.why), (What::Other, None));
    }

    #[test]
    fn ids_are_in_the_order_of_their_numbers() {
        let id = |text: &str| text.parse::<RecordId>();
        let [first, second, third] = ["9-10", "10-2", "10-11"].map(|text| id(text).expect("an id"));
        assert!(first < second && second < third);
        assert_eq!(id("1623650400000-7").map(|id| id.to_string()), Ok("1623650400000-7".into()));
        for text in ["", "-", "1", "1-", "-1", "+1-1", "1-1-1", "1-99999999999999999999"] {
            assert_eq!(id(text), Err(NoRecordId), "{text}");
        }
    }
}
