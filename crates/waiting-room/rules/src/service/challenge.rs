//! Challenge: what is to be computed or waited for, by those who come too often. No store is asked.

use std::time::Duration;

use altcha::Challenge;
use kernel::Timestamp;

use super::WaitingRoom;
use super::outcome::RoomError;
use crate::door::proof::Terms;

/// What somebody may do to be let through the door.
#[derive(Clone)]
pub struct Offered {
    /// Solve this.
    pub challenge: Challenge,
    /// Or wait.
    pub waiting: Option<Waiting>,
}

/// A proof to wait for instead of computing one.
#[derive(Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What to send as the proof.
    pub proof: String,
    /// From when on it counts.
    pub from: Timestamp,
}

impl WaitingRoom {
    /// A challenge to be solved before joining a room, and a proof that counts in a while, if `wait` says in
    /// which.
    pub fn challenge(
        &self,
        room: &str,
        terms: Terms<'_>,
        wait: Option<Duration>,
    ) -> Result<Offered, RoomError> {
        let open = self.open(room)?;
        let (room, now, entropy) = (open.room.id(), self.now(), &*self.parts.entropy);
        let waiting = wait.map(|wait| {
            let from = now.plus(wait);
            Waiting { proof: self.proof_key.waiting(room, terms.bond, from, entropy), from }
        });
        Ok(Offered { challenge: self.proof_key.challenge(room, terms, now, entropy), waiting })
    }
}
