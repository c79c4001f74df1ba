//! Supply public entropy: what came out of a public event after the entries were frozen.

use super::show;
use crate::audit::By;
use crate::memory::digest::Digest;
use crate::settings::RoomId;
use crate::store::{Result, RoomStore};

/// What supplying public entropy came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntropyOutcome {
    /// The draw is complete.
    Supplied,
    /// The same text was supplied before.
    Unchanged,
    /// This other text was supplied before, and stays.
    Different(String),
    /// The room announced no public entropy.
    NotAnnounced,
    /// The opening has not been frozen yet, or an earlier one awaits its entropy.
    TooEarly,
    /// The store does not know the room.
    UnknownRoom,
}

impl EntropyOutcome {
    /// What became of the draw, `None` if the store does not know the room; or in words for the operator
    /// why the text was not taken.
    pub fn verdict(self) -> std::result::Result<Option<&'static str>, String> {
        match self {
            Self::Supplied => Ok(Some("the draw is complete")),
            Self::Unchanged => Ok(Some("the same was supplied before")),
            Self::UnknownRoom => Ok(None),
            Self::Different(known) => {
                Err(format!("'{known}' was supplied before, and the draw was held with it"))
            }
            Self::NotAnnounced => {
                Err("the room announced no public entropy, so none goes into its draws".into())
            }
            Self::TooEarly => Err(
                "the opening has not been frozen yet, or an earlier one awaits its entropy: what \
                 comes out must not be known before the entries are fixed"
                    .into(),
            ),
        }
    }
}

/// Supplies the public entropy of an opening after its number of entries was frozen. The first text
/// counts.
pub async fn supply_entropy(
    store: &dyn RoomStore,
    room: &RoomId,
    opening: u16,
    text: &str,
    by: &By,
) -> Result<EntropyOutcome> {
    let text = text.trim();
    let Some(shown) = show(store, room).await? else { return Ok(EntropyOutcome::UnknownRoom) };
    if shown.settings.public_entropy.is_none() {
        return Ok(EntropyOutcome::NotAnnounced);
    }
    let digest = Digest::of(&shown.reading.state.memory);
    if store.supply_entropy(room, &digest, opening, text, &by.supplied(opening, text)).await? {
        return Ok(EntropyOutcome::Supplied);
    }
    let Some(shown) = show(store, room).await? else { return Ok(EntropyOutcome::UnknownRoom) };
    Ok(match shown.reading.state.memory.entropy.get(&opening) {
        Some(known) if known == text => EntropyOutcome::Unchanged,
        Some(known) => EntropyOutcome::Different(known.clone()),
        None => EntropyOutcome::TooEarly,
    })
}
