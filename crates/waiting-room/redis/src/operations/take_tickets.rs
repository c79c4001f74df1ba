use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::resume::{RESUME_CODE_TTL, ResumeName};
use waiting_room::store::Result;

use super::{Operations, answers, resume_keys};
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn take_tickets(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        names: &[ResumeName],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let mut call = self.begin(&self.take_tickets, &resume_keys(keys), digest);
        call.arg(u64::try_from(RESUME_CODE_TTL.as_millis()).unwrap_or(u64::MAX));
        for name in names {
            call.arg(name.as_slice());
        }
        let taken: Vec<Vec<u8>> =
            answers("take_tickets", names.len(), self.run(room, &call).await?)?;
        // Nothing that is sealed is empty.
        Ok(taken.into_iter().map(|sealed| (!sealed.is_empty()).then_some(sealed)).collect())
    }
}
