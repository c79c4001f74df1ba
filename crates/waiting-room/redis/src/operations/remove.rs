use waiting_room::store::Result;

use super::Operations;
use crate::keys::RoomKeys;

impl Operations {
    /// Gives whether the room was there.
    pub(crate) async fn remove(&self, keys: &RoomKeys) -> Result<bool> {
        let mut call = self.remove.prepare_invoke();
        for key in keys.all() {
            call.key(key);
        }
        Ok(self.connections.run(&call).await?)
    }
}
