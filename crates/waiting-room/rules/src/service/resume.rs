//! Resume: another device gets a ticket by a short code, which the device that has it shows.

use std::sync::Arc;

use kernel::{Batcher, BatcherLimits, Clock as _};
use tokio::task::JoinHandle;

use super::outcome::{IssuedResumeCode, RoomError};
use super::room::Room;
use super::{OpenRoom, WaitingRoom, trip_error};
use crate::resume::{KeptTicket, RESUME_CODE_TTL, ResumeCode, ResumeKey, ResumeName};
use crate::store::Result;

impl WaitingRoom {
    /// Makes a code with which another device gets this ticket, once. Repeating it makes another code.
    ///
    /// Whoever has the ticket on several devices has one place, and one pass.
    pub async fn make_resume_code(
        &self,
        room: &str,
        ticket: &str,
    ) -> std::result::Result<IssuedResumeCode, RoomError> {
        let open = self.open(room)?;
        self.verify(&open, ticket)?;
        let code = ResumeCode::new(&*self.parts.entropy);
        let expires_at = self.clock.now().plus(RESUME_CODE_TTL);
        let kept = self.resume_key(&open).keep(&code, ticket);
        let has_room = open.kept_tickets.submit(kept).await?;
        if has_room {
            Ok(IssuedResumeCode { code, expires_at })
        } else {
            Err(RoomError::Overloaded)
        }
    }

    /// The ticket that a code opens; from now on it opens nothing. `None` for one that opens nothing.
    pub async fn resume(
        &self,
        room: &str,
        code: &ResumeCode,
    ) -> std::result::Result<Option<String>, RoomError> {
        let open = self.open(room)?;
        let key = self.resume_key(&open);
        let sealed = open.taken_tickets.submit(key.name(code)).await?;
        let ticket = sealed.and_then(|sealed| key.open(code, sealed));
        // The keys of the tickets may have been replaced since.
        Ok(ticket.filter(|ticket| self.verify(&open, ticket).is_ok()))
    }

    fn resume_key(&self, open: &OpenRoom) -> ResumeKey {
        ResumeKey::of(&self.parts.draw_key, open.room.settings())
    }
}

pub(super) fn keeping(
    room: &Arc<Room>,
    limits: BatcherLimits,
) -> (Batcher<KeptTicket, bool, RoomError>, JoinHandle<()>) {
    let room = Arc::clone(room);
    Batcher::spawn("resume-codes", limits, move |batch: Vec<KeptTicket>| {
        let room = Arc::clone(&room);
        async move { keep(&room, &batch).await.map_err(|error| trip_error(&error)) }
    })
}

async fn keep(room: &Room, batch: &[KeptTicket]) -> Result<Vec<bool>> {
    room.ask_store(|digest| async move { room.store.keep_tickets(room.id(), &digest, batch).await })
        .await
}

type Taking = Batcher<ResumeName, Option<Vec<u8>>, RoomError>;

pub(super) fn taking(room: &Arc<Room>, limits: BatcherLimits) -> (Taking, JoinHandle<()>) {
    let room = Arc::clone(room);
    Batcher::spawn("resumptions", limits, move |batch: Vec<ResumeName>| {
        let room = Arc::clone(&room);
        async move { take(&room, &batch).await.map_err(|error| trip_error(&error)) }
    })
}

async fn take(room: &Room, batch: &[ResumeName]) -> Result<Vec<Option<Vec<u8>>>> {
    room.ask_store(|digest| async move { room.store.take_tickets(room.id(), &digest, batch).await })
        .await
}
