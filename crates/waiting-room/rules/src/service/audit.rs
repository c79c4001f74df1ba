//! Audit: what operators did to a room.

use super::outcome::RoomError;
use super::{WaitingRoom, unavailable};
use crate::audit::{Record, Wanted};
use crate::settings::RoomId;

impl WaitingRoom {
    /// What operators did to a room, also to one that was removed.
    pub async fn audit(
        &self,
        room: &str,
        wanted: Wanted,
        limit: usize,
    ) -> Result<Vec<Record>, RoomError> {
        let id: RoomId = room.parse().map_err(|_| RoomError::UnknownRoom)?;
        let records = self.parts.store.audit(&id, wanted, limit).await;
        let records = records.map_err(|error| unavailable(&error))?;
        if records.is_empty() {
            self.open(room)?;
        }
        Ok(records)
    }
}
