//! What of a status is news to those who follow it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use waiting_room::view::RoomView;
use web::streams::QUIET_MAX;

use super::{RoomStatus, to_json};

/// How soon those who follow the status learn how far people are called.
const SOON: Duration = Duration::from_secs(1);

/// What is in a status, as far as those who follow it must know at once, soon, or at all. The same for the same
/// status, in every instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// All but the numbers that move by themselves.
    at_once: u64,
    /// The same with how far people are called, and what is left for them.
    soon: u64,
    /// Everything but the time, and what is foreseen, which moves with it.
    pub(crate) all: u64,
}

impl News {
    pub(crate) fn of(view: &RoomView) -> Self {
        let mut status = RoomStatus::of(view);
        status.prospects.forget_numbers();
        let all = hash(&status);
        (status.entered, status.poll_after_s) = (0, 0);
        status.intervals.show_within_s = 0;
        for lane in status.lanes.values_mut() {
            lane.entered = 0;
        }
        let soon = hash(&status);
        (status.called, status.places_left) = (0, None);
        status.lanes.clear();
        Self { at_once: hash(&status), soon, all }
    }

    /// Whether those have to be told who know `known`, and were told nothing for so long.
    pub(crate) fn is_due(&self, known: &Self, quiet: Duration) -> bool {
        self.at_once != known.at_once
            || quiet >= SOON && self.soon != known.soon
            || quiet >= QUIET_MAX && self.all != known.all
    }
}

fn hash(status: &RoomStatus<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    to_json(status).hash(&mut hasher);
    hasher.finish()
}
