use waiting_room::RoomId;
use waiting_room::memory::digest::{Digest, entropy_text};
use waiting_room::store::Result;

use super::{Operations, state_keys};
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn supply_entropy(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        opening: u16,
        entropy: &str,
    ) -> Result<bool> {
        let mut call = self.begin(&self.supply_entropy, &state_keys(keys), digest);
        call.arg(opening).arg(entropy_text(opening, entropy));
        self.run_if(room, &call).await
    }
}
