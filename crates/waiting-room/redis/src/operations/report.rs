use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::state::{BookingReport, Counts};
use waiting_room::store::Result;

use super::{Operations, add_passes, pass_keys};
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn report(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        report: &BookingReport,
    ) -> Result<()> {
        let Counts {
            counted_at,
            places_left,
            held_passes,
            held_seats,
            queue_depth,
            queue_depth_max,
        } = report.counts;
        let mut call = self.begin(&self.report, &pass_keys(keys), digest);
        call.arg(counted_at.unix_ms()).arg(places_left).arg(held_passes).arg(held_seats);
        call.arg(queue_depth).arg(queue_depth_max);
        add_passes(&mut call, &report.departures);
        self.run(room, &call).await.map(|_| ())
    }
}
