//! What everybody was told.

use std::collections::{BTreeMap, BTreeSet};

use pass::PassId;
use waiting_room::service::outcome::Answer;
use waiting_room::view::Standing;

/// One ticket and what its holder was told.
pub struct Holder {
    /// Who holds it.
    pub person: usize,
    pub answer: Answer,
    place: Option<u64>,
    is_called: bool,
}

/// All tickets, and the passes of those who were let in.
#[derive(Default)]
pub struct Crowd {
    pub holders: Vec<Holder>,
    issued: BTreeSet<(u32, u64)>,
    passes: BTreeMap<usize, PassId>,
}

impl Crowd {
    /// Somebody got a ticket.
    pub fn enter(&mut self, person: usize, answer: Answer) {
        let standing = answer.standing;
        let mut holder = Holder { person, answer, place: None, is_called: false };
        if holder.answer.pass.is_none() {
            holder.told(standing);
        }
        self.holders.push(holder);
    }

    /// P8: no entry is issued twice under one epoch.
    pub fn issue(&mut self, epoch: u32, entry: u64) {
        assert!(self.issued.insert((epoch, entry)), "P8: ({epoch}, {entry}) was issued twice");
    }

    /// P9, P17: a person has one pass for ever.
    pub fn let_in(&mut self, person: usize, pass_id: PassId) {
        let known = *self.passes.entry(person).or_insert(pass_id);
        assert!(known == pass_id, "P9, P17: person {person} has two passes");
    }

    /// P10: among those who wait at a place and those who are called, an earlier place is called no later.
    pub fn check_order(standings: &[Standing]) {
        let called = standings.iter().filter_map(|standing| match standing {
            Standing::Called { place } => Some(*place),
            _ => None,
        });
        let waiting = standings.iter().filter_map(|standing| match standing {
            Standing::Waiting { place, .. } => Some(*place),
            _ => None,
        });
        if let (Some(last), Some(first)) = (called.max(), waiting.min()) {
            assert!(last < first, "P10: place {last} is called, place {first} waits");
        }
    }
}

impl Holder {
    /// P12: what somebody was told is never taken back: a place gets no worse, and a call stays.
    pub fn told(&mut self, standing: Standing) {
        let place = match standing {
            Standing::Waiting { place, .. } => {
                assert!(!self.is_called, "P12: called, and then told to wait: {:?}", self.answer);
                place
            }
            Standing::Called { place } => {
                self.is_called = true;
                place
            }
            Standing::Gathering { .. } => {
                assert!(self.place.is_none(), "P12: the place is gone: {:?}", self.answer);
                return;
            }
            // The pass is in hand.
            Standing::Admitted | Standing::Used { .. } => return,
            Standing::Closed => panic!("P12: closed before its time"),
        };
        let told = self.place.unwrap_or(u64::MAX);
        assert!(place <= told, "P12: told place {told}, then {place}: {:?}", self.answer);
        self.place = Some(place);
    }
}
