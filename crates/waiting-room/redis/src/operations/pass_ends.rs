use kernel::Timestamp;
use waiting_room::memory::digest::Digest;
use waiting_room::store::Result;
use waiting_room::{PassId, RoomId};

use super::{Operations, add_passes, answers, pass_keys};
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn pass_ends(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        pass_ids: &[PassId],
    ) -> Result<Vec<Option<Timestamp>>> {
        let mut call = self.begin(&self.pass_ends, &pass_keys(keys), digest);
        add_passes(&mut call, pass_ids);
        let ends: Vec<i64> = answers("pass_ends", pass_ids.len(), self.run(room, &call).await?)?;
        Ok(ends.into_iter().map(|ms| (ms > 0).then(|| Timestamp::from_unix_ms(ms))).collect())
    }
}
