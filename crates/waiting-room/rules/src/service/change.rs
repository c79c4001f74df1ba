//! Change, and what was changed: the operator's use cases of a running instance.

use super::operator::{self, Change, Expected, SetOutcome};
use super::outcome::RoomError;
use super::{WaitingRoom, unavailable};
use crate::audit::{By, Record, Wanted};
use crate::settings::RoomId;

impl WaitingRoom {
    /// Changes the levers of a room for all instances, as [`operator::set`] does; in this one it shows at once.
    pub async fn change(
        &self,
        room: &str,
        change: &Change,
        expected: Option<Expected>,
        by: &By,
    ) -> Result<SetOutcome, RoomError> {
        let open = self.open(room)?;
        let set = operator::set(&*self.parts.store, open.room.id(), change, expected, by).await;
        let outcome = set.map_err(|error| unavailable(&error))?;
        // Whatever prevents that here prevents no renewal from showing it soon.
        let _shown = open.room.renew().await;
        Ok(outcome)
    }

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
