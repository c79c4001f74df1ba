//! Deciding a batch: the commands in their order, one after the other. Pure.
//!
//! What a command does to the state stands in its slice; here is what all of them share.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use kernel::Timestamp;
use pass::PassId;

use super::{Changes, Command, IdempotencyRecord, Outcome, SlotChange, State};
use crate::booking::{Booking, BookingChange, BookingId, Cancellation};
use crate::campaign::SlotKey;
use crate::hold::HoldId;

/// Carries out `commands` in order against `state`, and says what is to be written and what came
/// of each command. Deciding a batch is the same as deciding its commands one by one, each with
/// the changes of those before.
///
/// Overdue holds are released first: nothing has to run at the moment they expire. O(commands +
/// rows of the state).
#[must_use]
pub fn decide(state: State, now: Timestamp, commands: &[Command]) -> (Changes, Vec<Outcome>) {
    let mut decision = Decision { state, now, touched: Touched::default() };
    decision.release_overdue_holds();
    let outcomes = commands.iter().map(|command| command.carry_out(&mut decision)).collect();
    (decision.into_changes(), outcomes)
}

/// A batch being decided: the evolving state, and which parts of it have changed.
///
/// The slices add what they know to do with it.
pub(crate) struct Decision {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    pub(crate) touched: Touched,
}

/// What has to be written.
#[derive(Default)]
pub(crate) struct Touched {
    pub(crate) slots: BTreeSet<SlotKey>,
    pub(crate) passes: BTreeSet<PassId>,
    pub(crate) holds: BTreeSet<HoldId>,
    pub(crate) bookings_cancelled: Vec<Cancellation>,
    pub(crate) bookings_changed: BTreeMap<BookingId, BookingChange>,
    pub(crate) bookings_inserted: Vec<Booking>,
    pub(crate) records: Vec<IdempotencyRecord>,
}

impl Decision {
    fn into_changes(self) -> Changes {
        let Self { state, touched, now: _ } = self;
        let slots = touched.slots.into_iter().filter_map(|key| {
            let counters = *state.slots.get(&key)?;
            Some(SlotChange { key, counters })
        });
        Changes {
            slots: slots.collect(),
            pass_uses: touched
                .passes
                .iter()
                .filter_map(|id| state.passes.get(id).cloned())
                .collect(),
            holds: touched.holds.iter().filter_map(|id| state.holds.get(id).cloned()).collect(),
            bookings_cancelled: touched.bookings_cancelled,
            bookings_changed: touched.bookings_changed.into_values().collect(),
            bookings_inserted: touched.bookings_inserted,
            records: touched.records,
        }
    }
}
