use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::store::{Freeze, Result};

use super::{Operations, state_keys};
use crate::fields;
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn freeze(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        freeze: Freeze,
    ) -> Result<()> {
        let mut call = self.begin(&self.freeze, &state_keys(keys), digest);
        call.arg(freeze.index).arg(freeze.due_at.unix_ms());
        call.arg(fields::ms_or_nothing(freeze.next_due_at));
        self.run(room, &call).await.map(|_| ())
    }
}
