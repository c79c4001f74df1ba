use waiting_room::memory::digest::Digest;
use waiting_room::store::Result;
use waiting_room::{PassId, RoomId};

use super::{Operations, add_passes, pass_keys};
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn end_passes(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        pass_ids: &[PassId],
    ) -> Result<()> {
        let mut call = self.begin(&self.end_passes, &pass_keys(keys), digest);
        add_passes(&mut call, pass_ids);
        self.run(room, &call).await.map(|_| ())
    }
}
