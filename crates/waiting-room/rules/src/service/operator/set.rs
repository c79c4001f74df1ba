//! Set: the operator changes the levers of a room.

use std::collections::BTreeMap;

use super::openings::{self, OpeningChange};
use super::{Shown, show};
use crate::audit::By;
use crate::live::{LiveChange, LiveMistake, LiveSettings};
use crate::memory::Memory;
use crate::memory::digest::Digest;
use crate::schedule::Schedule;
use crate::settings::RoomId;
use crate::state::RoomState;
use crate::store::{Result, RoomStore, RoomStoreError, SetLive};

/// How often a change is tried again when others were first.
const ATTEMPTS: u32 = 5;

/// What a change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetOutcome {
    /// It is in force everywhere.
    Set(Box<RoomState>),
    /// The store does not know the room.
    UnknownRoom,
    /// The levers have another version than the change was made for.
    Changed {
        /// The line there is.
        incarnation: u32,
        /// The version they have.
        version: u64,
    },
    /// The change cannot be.
    Mistaken(Vec<LiveMistake>),
}

impl SetOutcome {
    /// The state with the new levers, `None` if the store does not know the room; or in words for the
    /// operator why nothing was changed.
    pub fn verdict(self) -> std::result::Result<Option<Box<RoomState>>, String> {
        match self {
            Self::Set(state) => Ok(Some(state)),
            Self::UnknownRoom => Ok(None),
            Self::Changed { incarnation: _, version } => Err(format!(
                "nothing was changed: the levers have version {version} by now; look at them again"
            )),
            Self::Mistaken(mistakes) => {
                let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
                Err(format!("nothing was changed:\n{}", mistakes.join("\n")))
            }
        }
    }
}

/// What an operator changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The levers but for the openings.
    pub levers: LiveChange,
    /// The openings, by their numbers; those that are missing stay as they are.
    pub openings: BTreeMap<u16, OpeningChange>,
}

impl From<LiveChange> for Change {
    fn from(levers: LiveChange) -> Self {
        Self { levers, openings: BTreeMap::new() }
    }
}

/// The levers that a change was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The line; `None` for any.
    pub incarnation: Option<u32>,
    /// Their version.
    pub version: u64,
}

impl Expected {
    fn is(self, memory: &Memory) -> bool {
        self.version == memory.live.version
            && self.incarnation.is_none_or(|incarnation| incarnation == memory.incarnation)
    }
}

/// Changes the levers of a room, in one step for all instances, and records who did. With `expected` only if
/// they still are those.
pub async fn set(
    store: &dyn RoomStore,
    room: &RoomId,
    change: &Change,
    expected: Option<Expected>,
    by: &By,
) -> Result<SetOutcome> {
    for _ in 0..ATTEMPTS {
        let Some(shown) = show(store, room).await? else { return Ok(SetOutcome::UnknownRoom) };
        let memory = &shown.reading.state.memory;
        if expected.is_some_and(|expected| !expected.is(memory)) {
            let (incarnation, version) = (memory.incarnation, memory.live.version);
            return Ok(SetOutcome::Changed { incarnation, version });
        }
        let live = match changed(&shown, change) {
            Ok(live) => live,
            Err(mistakes) => return Ok(SetOutcome::Mistaken(mistakes)),
        };
        let schedule = Schedule::new(&shown.settings, &live, &memory.frozen);
        let next_due = schedule.boundary(memory.next_boundary());
        let set = SetLive {
            next_due_at: next_due.map(|due| due.at),
            before: openings::first_moved(memory, &live.openings, &change.openings),
            deed: by.changed(&memory.live, &live),
            live,
        };
        if store.set_live(room, &Digest::of(memory), &set).await? {
            let shown = show(store, room).await?;
            return Ok(match shown {
                Some(shown) => SetOutcome::Set(Box::new(shown.reading.state)),
                None => SetOutcome::UnknownRoom,
            });
        }
    }
    Err(RoomStoreError::Unavailable("others keep changing the room".into()))
}

/// The levers after the change, or everything that is wrong with it.
fn changed(shown: &Shown, change: &Change) -> std::result::Result<LiveSettings, Vec<LiveMistake>> {
    let levers = shown.reading.state.memory.live.changed(change.levers.clone());
    match (levers, openings::moved(shown, &change.openings)) {
        (Ok(levers), Ok(openings)) => Ok(LiveSettings { openings, ..levers }),
        (Err(mistakes), Ok(_)) | (Ok(_), Err(mistakes)) => Err(mistakes),
        (Err(mut mistakes), Err(others)) => {
            mistakes.extend(others);
            Err(mistakes)
        }
    }
}
