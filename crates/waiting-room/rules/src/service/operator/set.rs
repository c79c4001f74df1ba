//! Set: the operator changes the levers of a room.

use super::show;
use crate::live::{LiveChange, LiveMistake};
use crate::memory::digest::Digest;
use crate::settings::RoomId;
use crate::state::RoomState;
use crate::store::{Result, RoomStore, RoomStoreError};

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
            Self::Changed { version } => Err(format!(
                "nothing was changed: the levers have version {version} by now; look at them again"
            )),
            Self::Mistaken(mistakes) => {
                let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
                Err(format!("nothing was changed:\n{}", mistakes.join("\n")))
            }
        }
    }
}

/// Changes the levers of a room, in one step for all instances. With `expected` only if they still have
/// that version.
pub async fn set(
    store: &dyn RoomStore,
    room: &RoomId,
    change: &LiveChange,
    expected: Option<u64>,
) -> Result<SetOutcome> {
    for _ in 0..ATTEMPTS {
        let Some(shown) = show(store, room).await? else { return Ok(SetOutcome::UnknownRoom) };
        let memory = &shown.reading.state.memory;
        if let Some(expected) = expected
            && expected != memory.live.version
        {
            return Ok(SetOutcome::Changed { version: memory.live.version });
        }
        let live = match memory.live.changed(change.clone()) {
            Ok(live) => live,
            Err(mistakes) => return Ok(SetOutcome::Mistaken(mistakes)),
        };
        if store.set_live(room, &Digest::of(memory), &live).await? {
            let shown = show(store, room).await?;
            return Ok(match shown {
                Some(shown) => SetOutcome::Set(Box::new(shown.reading.state)),
                None => SetOutcome::UnknownRoom,
            });
        }
    }
    Err(RoomStoreError::Unavailable("others keep changing the room".into()))
}
