//! Challenge: what is to be computed or waited for, by those who come too often. No store is asked.

use std::time::Duration;

use altcha::Challenge;
use kernel::Timestamp;

use super::WaitingRoom;
use super::outcome::RoomError;
use crate::door::proof::{Proof, Terms};

/// A proof to wait for instead of computing one.
#[derive(Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What to send as the proof.
    pub proof: String,
    /// From when on it counts.
    pub from: Timestamp,
}

impl WaitingRoom {
    /// A challenge to be solved before joining a room.
    pub fn challenge(&self, room: &str, terms: Terms<'_>) -> Result<Challenge, RoomError> {
        let open = self.open(room)?;
        let entropy = &*self.parts.entropy;
        Ok(self.proof_key.challenge(open.room.id(), terms, self.now(), entropy))
    }

    /// A proof that counts in a while, for those who cannot compute.
    pub fn waiting(
        &self,
        room: &str,
        bond: Option<&str>,
        wait: Duration,
    ) -> Result<Waiting, RoomError> {
        let open = self.open(room)?;
        let from = self.now().plus(wait);
        let entropy = &*self.parts.entropy;
        let proof = self.proof_key.waiting(open.room.id(), bond, from, entropy);
        Ok(Waiting { proof, from })
    }

    /// The proof that a client sends, if it holds in this room now.
    pub fn verify_proof(&self, room: &str, text: &str) -> Result<Option<Proof>, RoomError> {
        let open = self.open(room)?;
        Ok(self.proof_key.verify(text, open.room.id(), self.now()))
    }
}
