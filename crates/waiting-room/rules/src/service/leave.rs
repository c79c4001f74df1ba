//! Leave: a pass is given back before its time, so that the next one can come in.

use std::sync::Arc;

use kernel::{Batcher, BatcherLimits, Clock as _};
use pass::PassId;
use tokio::task::JoinHandle;

use super::outcome::{LeaveOutcome, RoomError};
use super::room::Room;
use super::{WaitingRoom, trip_error};
use crate::store::Result;

impl WaitingRoom {
    /// Ends a pass before its time. Repeatable.
    ///
    /// Where a booking API reports for the room the pass is given back there: it alone can make sure
    /// that nothing begins with it any more, and so that the seat is free.
    pub async fn leave(
        &self,
        room: &str,
        pass: &str,
    ) -> std::result::Result<LeaveOutcome, RoomError> {
        let open = self.open(room)?;
        let claims = self.verify_pass(&open, pass)?;
        if open.room.view().state.report.is_some() {
            return Ok(LeaveOutcome::LeaveAtBooking);
        }
        open.departures.submit(claims.pass_id).await?;
        open.note_given_back(&claims, self.clock.now());
        Ok(LeaveOutcome::Left)
    }
}

pub(super) fn batcher(
    room: &Arc<Room>,
    limits: BatcherLimits,
) -> (Batcher<PassId, (), RoomError>, JoinHandle<()>) {
    let room = Arc::clone(room);
    Batcher::spawn("departures", limits, move |batch: Vec<PassId>| {
        let room = Arc::clone(&room);
        async move {
            let left = trip(&room, &batch).await.map_err(|error| trip_error(&error));
            left.map(|()| vec![(); batch.len()])
        }
    })
}

async fn trip(room: &Room, batch: &[PassId]) -> Result<()> {
    let answer = room
        .ask_store(|digest| async move { room.store.end_passes(room.id(), &digest, batch).await })
        .await;
    room.stir();
    answer
}
