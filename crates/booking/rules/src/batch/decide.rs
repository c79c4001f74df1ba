//! Deciding a batch: the commands in their order, one after the other. Pure.
//!
//! What a command does to the state stands in its slice; here is what all of them share.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use kernel::{CampaignId, Timestamp};
use pass::PassId;

use super::{Changes, Command, IdempotencyRecord, Outcome, SlotChange, State};
use crate::booking::{Booking, BookingChange, BookingId, Cancelled};
use crate::campaign::SlotKey;
use crate::event::{Actor, What};
use crate::hold::HoldId;
use crate::waitlist::{EntryChange, Offer, OfferId, OfferState, WaitlistEntry, WaitlistEntryId};

/// Carries out `commands` in order against `state`, and says what is to be written and what came
/// of each command. Deciding a batch is the same as deciding its commands one by one, each with
/// the changes of those before, and gives the same events in the same order. (A sweep makes an
/// exception: it releases no more than what was loaded for it.)
///
/// Before each command the overdue holds that it would meet are released: nothing has to run at the
/// moment they expire. O(commands × overdue holds + rows of the state).
#[must_use]
pub fn decide(state: State, now: Timestamp, commands: &[Command]) -> (Changes, Vec<Outcome>) {
    let mut decision = Decision::new(state, now);
    let outcomes = commands.iter().map(|command| {
        decision.release_overdue_holds_met_by(command);
        decision.actor = command.actor();
        command.carry_out(&mut decision)
    });
    let outcomes = outcomes.collect();
    (decision.into_changes(), outcomes)
}

/// A batch being decided: the evolving state, and which parts of it have changed.
///
/// The slices add what they know to do with it.
pub(crate) struct Decision {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    pub(crate) touched: Touched,
    /// Who asks for what is being done.
    pub(crate) actor: Actor,
    /// The overdue holds that nothing has released yet, the longest overdue first.
    pub(crate) overdue: Vec<HoldId>,
    told: BTreeMap<CampaignId, Vec<(Actor, What)>>,
}

/// What has to be written.
#[derive(Default)]
pub(crate) struct Touched {
    pub(crate) slots: BTreeSet<SlotKey>,
    pub(crate) passes: BTreeSet<PassId>,
    pub(crate) holds: BTreeSet<HoldId>,
    pub(crate) bookings_cancelled: Vec<Cancelled>,
    pub(crate) bookings_changed: BTreeMap<BookingId, BookingChange>,
    pub(crate) bookings_forgotten: BTreeSet<BookingId>,
    pub(crate) bookings_inserted: Vec<Booking>,
    pub(crate) entries_changed: BTreeMap<WaitlistEntryId, EntryChange>,
    pub(crate) entries_inserted: Vec<WaitlistEntry>,
    pub(crate) offers: BTreeSet<OfferId>,
    pub(crate) records: Vec<IdempotencyRecord>,
}

impl Decision {
    fn new(state: State, now: Timestamp) -> Self {
        let overdue = state.holds.values().filter(|hold| hold.is_overdue(now));
        let mut overdue: Vec<_> = overdue.map(|hold| (hold.expires_at, hold.id)).collect();
        overdue.sort_unstable();
        Self {
            state,
            now,
            touched: Touched::default(),
            actor: Actor::Clock,
            overdue: overdue.into_iter().map(|(_, id)| id).collect(),
            told: BTreeMap::new(),
        }
    }

    /// Notes what has happened.
    pub(crate) fn tell(&mut self, campaign: &CampaignId, what: What) {
        let happened = (self.actor, what);
        match self.told.get_mut(campaign) {
            Some(told) => told.push(happened),
            None => drop(self.told.insert(campaign.clone(), vec![happened])),
        }
    }

    fn into_changes(self) -> Changes {
        let Self { state, touched, now, told, actor: _, overdue: _ } = self;
        let events = told.into_iter().map(|(campaign, happened)| {
            let end = state.chains.get(&campaign).copied().unwrap_or_default();
            end.continued(&campaign, now, happened)
        });
        let events = events.collect();
        let slots = touched.slots.into_iter().filter_map(|key| {
            let counters = *state.slots.get(&key)?;
            Some(SlotChange { key, counters })
        });
        let offers = touched.offers.iter().filter_map(|id| state.offers.get(id).cloned());
        let mut offers: Vec<Offer> = offers.collect();
        offers.sort_by_key(|offer| offer.state == OfferState::Open);
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
            bookings_forgotten: touched.bookings_forgotten.into_iter().collect(),
            bookings_inserted: touched.bookings_inserted,
            entries_changed: touched.entries_changed.into_values().collect(),
            entries_inserted: touched.entries_inserted,
            offers,
            records: touched.records,
            events,
        }
    }
}
