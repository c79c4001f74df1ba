//! Report: what the booking API counted, and whom it saw leave.

use std::sync::Arc;

use kernel::{Batcher, BatcherLimits};
use tokio::task::JoinHandle;

use super::outcome::RoomError;
use super::room::Room;
use super::{WaitingRoom, trip_error};
use crate::state::BookingReport;
use crate::store::Result;

/// Reports that may wait for one room: a booking service sends a few a second.
const REPORTS_WAITING_MAX: usize = 32;

impl WaitingRoom {
    /// Takes over what the booking API reports.
    pub async fn report(
        &self,
        room: &str,
        report: BookingReport,
    ) -> std::result::Result<(), RoomError> {
        Ok(self.open(room)?.reports.submit(report).await?)
    }
}

pub(super) fn batcher(room: &Arc<Room>) -> (Batcher<BookingReport, (), RoomError>, JoinHandle<()>) {
    let room = Arc::clone(room);
    let limits = BatcherLimits::new(REPORTS_WAITING_MAX, REPORTS_WAITING_MAX);
    Batcher::spawn("reports", limits, move |batch: Vec<BookingReport>| {
        let room = Arc::clone(&room);
        async move {
            for report in &batch {
                trip(&room, report).await.map_err(|error| trip_error(&error))?;
            }
            Ok(vec![(); batch.len()])
        }
    })
}

async fn trip(room: &Room, report: &BookingReport) -> Result<()> {
    let answer = room
        .ask_store(|digest| async move { room.store.report(room.id(), &digest, report).await })
        .await;
    room.stir();
    answer
}
