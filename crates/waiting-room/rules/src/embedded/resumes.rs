//! The tickets that codes open, in memory.

use kernel::Timestamp;

use super::periods::Periods;
use crate::resume::{KeptTicket, RESUME_CODE_TTL, RESUME_CODES_MAX, ResumeName};

/// What a code opens, until then.
#[derive(Clone)]
struct Kept {
    sealed: Vec<u8>,
    until: Timestamp,
}

/// The tickets of one room that codes open.
#[derive(Clone)]
pub(super) struct KeptTickets(Periods<Kept>);

impl Default for KeptTickets {
    fn default() -> Self {
        Self(Periods::new(RESUME_CODE_TTL, RESUME_CODES_MAX))
    }
}

impl KeptTickets {
    pub(super) fn keep(&mut self, kept: &[KeptTicket], now: Timestamp) -> Vec<bool> {
        self.0.turn(now);
        let until = now.plus(RESUME_CODE_TTL);
        let kept = kept.iter().map(|KeptTicket { name, sealed }| {
            self.0.remember(*name, Kept { sealed: sealed.clone(), until })
        });
        kept.collect()
    }

    pub(super) fn take(&mut self, names: &[ResumeName], now: Timestamp) -> Vec<Option<Vec<u8>>> {
        self.0.turn(now);
        let taken = names.iter().map(|name| {
            let kept = self.0.take(name).filter(|kept| now < kept.until);
            kept.map(|kept| kept.sealed)
        });
        taken.collect()
    }
}
