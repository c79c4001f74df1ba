use waiting_room::RoomId;
use waiting_room::live::LiveSettings;
use waiting_room::memory::digest::Digest;
use waiting_room::store::Result;

use super::{Operations, state_keys};
use crate::fields;
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn set_live(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        live: &LiveSettings,
    ) -> Result<bool> {
        let mut call = self.begin(&self.set_live, &state_keys(keys), digest);
        for (_, value) in fields::of_live(live)? {
            call.arg(value);
        }
        self.run_if(room, &call).await
    }
}
