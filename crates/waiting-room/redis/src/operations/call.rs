use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::store::{Call, Result};

use super::{Operations, state_keys};
use crate::failure::RedisFailure;
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn call(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        call: &Call,
    ) -> Result<bool> {
        let Call { called, ledger, express, express_behind } = call;
        let mut call = self.begin(&self.call, &state_keys(keys), digest);
        for (_, place) in called.iter() {
            call.arg(*place);
        }
        call.arg(ledger.version).arg(serde_json::to_string(ledger).map_err(RedisFailure::from)?);
        call.arg(ledger.allowance.map_or_else(String::new, |allowance| allowance.to_string()));
        call.arg(*express);
        call.arg(express_behind.map_or_else(String::new, |place| place.to_string()));
        call.arg(ledger.oldest_step());
        self.run_if(room, &call).await
    }
}
