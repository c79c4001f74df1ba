//! Change: the operator moves the levers of a room.

use super::operator::{self, Change, Expected, SetOutcome};
use super::outcome::RoomError;
use super::{WaitingRoom, unavailable};
use crate::audit::By;

impl WaitingRoom {
    /// Changes the levers of a room for all instances, as [`operator::set`] does. Here it shows with the next renewal,
    /// or with a [look](Self::look).
    pub async fn change(
        &self,
        room: &str,
        change: &Change,
        expected: Option<Expected>,
        by: &By,
    ) -> Result<SetOutcome, RoomError> {
        let open = self.open(room)?;
        let set = operator::set(&*self.parts.store, open.room.id(), change, expected, by).await;
        set.map_err(|error| unavailable(&error))
    }
}
