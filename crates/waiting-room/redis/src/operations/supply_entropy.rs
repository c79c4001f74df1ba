use waiting_room::RoomId;
use waiting_room::audit::Deed;
use waiting_room::memory::digest::{Digest, entropy_text};
use waiting_room::store::Result;

use super::audit::add_deed;
use super::{Operations, recorded_keys};
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn supply_entropy(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        opening: u16,
        entropy: &str,
        deed: &Deed,
    ) -> Result<bool> {
        let mut call = self.begin(&self.supply_entropy, &recorded_keys(keys), digest);
        call.arg(opening).arg(entropy_text(opening, entropy));
        add_deed(&mut call, deed)?;
        self.run_if(room, &call).await
    }
}
