//! Show: a room as the store has it.

use crate::memory::Memory;
use crate::memory::digest::Digest;
use crate::service::room::ask;
use crate::settings::{RoomId, RoomSettings};
use crate::store::{Reading, Result, RoomStore, RoomStoreError};

/// A room as the store has it.
pub struct Shown {
    /// Its settings.
    pub settings: RoomSettings,
    /// Its state.
    pub reading: Reading,
}

/// Looks at a room; `None` if the store does not know it.
pub async fn show(store: &dyn RoomStore, room: &RoomId) -> Result<Option<Shown>> {
    let Some(settings) = store.settings(room).await? else { return Ok(None) };
    // Looking at a room must not take it for one that was left alone.
    let known = Digest::of(&Memory::of_new_room(&settings));
    let asks = [ask(&settings, Some(known))];
    match store.read(&asks).await?.pop() {
        Some(Ok(reading)) => Ok(Some(Shown { settings, reading })),
        Some(Err(RoomStoreError::Behind(_))) | None => Ok(None),
        Some(Err(error)) => Err(error),
    }
}
