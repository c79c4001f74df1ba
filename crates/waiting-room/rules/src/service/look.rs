//! Look: a room as it is now, for those who run it.

use std::sync::Arc;
use std::time::Duration;

use super::outcome::RoomError;
use super::{WaitingRoom, unavailable};
use crate::store::RoomStoreError;
use crate::view::RoomView;

/// A room as this instance knows it.
pub struct Look {
    /// What it knows.
    pub view: Arc<RoomView>,
    /// How long ago the store last answered.
    pub read_ago: Duration,
}

impl WaitingRoom {
    /// Reads the room now, rather than at the next renewal. While the store does not answer, what is known of
    /// it (P13).
    pub async fn look(&self, room: &str) -> Result<Look, RoomError> {
        let open = self.open(room)?;
        match open.room.renew().await {
            Ok(()) => (),
            Err(error @ RoomStoreError::Replaced(_)) => return Err(unavailable(&error)),
            Err(error) => {
                unavailable(&error);
            }
        }
        let view = Arc::clone(&open.room.view());
        Ok(Look { view, read_ago: open.room.view_age() })
    }
}
