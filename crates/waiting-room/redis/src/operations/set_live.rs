use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::store::{Result, SetLive};

use super::audit::add_deed;
use super::{Operations, recorded_keys};
use crate::fields;
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn set_live(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        set: &SetLive,
    ) -> Result<bool> {
        let mut call = self.begin(&self.set_live, &recorded_keys(keys), digest);
        for (_, value) in fields::of_live(&set.live)? {
            call.arg(value);
        }
        for at in [set.next_due_at, set.before] {
            call.arg(fields::ms_or_nothing(at));
        }
        add_deed(&mut call, &set.deed)?;
        self.run_if(room, &call).await
    }
}
