use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::resume::{KeptTicket, RESUME_CODE_TTL, RESUME_CODES_MAX};
use waiting_room::store::Result;

use super::{Operations, answers, resume_keys};
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn keep_tickets(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        kept: &[KeptTicket],
    ) -> Result<Vec<bool>> {
        let mut call = self.begin(&self.keep_tickets, &resume_keys(keys), digest);
        call.arg(u64::try_from(RESUME_CODE_TTL.as_millis()).unwrap_or(u64::MAX));
        call.arg(RESUME_CODES_MAX);
        for KeptTicket { name, sealed } in kept {
            call.arg(name.as_slice()).arg(sealed.as_slice());
        }
        let done: Vec<u8> = answers("keep_tickets", kept.len(), self.run(room, &call).await?)?;
        Ok(done.into_iter().map(|done| done == 1).collect())
    }
}
