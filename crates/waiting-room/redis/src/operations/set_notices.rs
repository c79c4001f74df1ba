use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::notice::Notices;
use waiting_room::store::Result;

use super::{Operations, state_keys};
use crate::failure::RedisFailure;
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn set_notices(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        notices: &Notices,
    ) -> Result<bool> {
        let text = serde_json::to_string(notices).map_err(|error| {
            RedisFailure::NotUnderstood(format!("what there is to tell of room {room}: {error}"))
        })?;
        let mut call = self.begin(&self.set_notices, &state_keys(keys), digest);
        call.arg(notices.version).arg(text);
        self.run_if(room, &call).await
    }
}
