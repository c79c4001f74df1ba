use waiting_room::audit::Deed;
use waiting_room::store::Result;

use super::Operations;
use super::audit::add_deed;
use crate::keys::RoomKeys;

impl Operations {
    /// Gives whether the room was there.
    pub(crate) async fn remove(&self, keys: &RoomKeys, deed: &Deed) -> Result<bool> {
        let mut call = self.remove.prepare_invoke();
        for key in keys.all().into_iter().chain([&*keys.audit]) {
            call.key(key);
        }
        call.arg(self.now());
        add_deed(&mut call, deed)?;
        Ok(self.connections.run(&call).await?)
    }
}
