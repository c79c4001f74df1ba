//! Who of a batch gets the last seats. Pure.

mod booking;
mod hold;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::{CampaignId, Timestamp};
use pass::PassId;

use crate::campaign::{Campaign, Slot, SlotId, SlotKey};
use crate::change::{Cancellation, Changes, SlotChange};
use crate::command::{BindingCheck, Command, EndPass, HoldId, Idempotency, PassGrant};
use crate::outcome::{EndPassOutcome, Outcome, Recorded};
use crate::state::{Booking, HoldState, IdempotencyRecord, PassUse, State};

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
    let outcomes = commands.iter().map(|command| decision.carry_out(command)).collect();
    (decision.into_changes(), outcomes)
}

/// A batch being decided: the evolving state, and which parts of it have changed.
struct Decision {
    state: State,
    now: Timestamp,
    touched: Touched,
}

#[derive(Default)]
struct Touched {
    slots: BTreeSet<SlotKey>,
    passes: BTreeSet<PassId>,
    holds: BTreeSet<HoldId>,
    bookings_cancelled: Vec<Cancellation>,
    bookings_inserted: Vec<Booking>,
    records: Vec<IdempotencyRecord>,
}

/// What an idempotency key has been used for.
enum Earlier {
    /// Nothing yet.
    Nothing,
    /// The same request, with this effect.
    Same(Recorded),
    /// Another request.
    Other,
}

/// Why a pass cannot get a place of a slot.
enum NoEntry {
    CampaignNotFound,
    CampaignClosed,
    NotEligible,
    PassExpired,
    PassEnded,
    SlotNotFound,
}

/// A slot with places to give.
struct OpenSlot {
    campaign: Arc<Campaign>,
    key: SlotKey,
    places_left: u32,
}

impl OpenSlot {
    fn slot(&self) -> &Slot {
        self.campaign.slot(&self.key.slot).expect("an open slot was found in its campaign")
    }
}

impl Decision {
    fn carry_out(&mut self, command: &Command) -> Outcome {
        match command {
            Command::Hold(command) => Outcome::Hold(self.hold(command)),
            Command::RenewHold(command) => Outcome::RenewHold(self.renew_hold(command)),
            Command::ReleaseHold(command) => Outcome::ReleaseHold(self.release_hold(command)),
            Command::BookHold(command) => Outcome::BookHold(self.book_hold(command)),
            Command::BookSlot(command) => Outcome::BookSlot(self.book_slot(command)),
            Command::EndPass(command) => Outcome::EndPass(self.end_pass(command)),
            Command::CancelBooking(command) => Outcome::CancelBooking(self.cancel_booking(command)),
            // Every overdue hold that was loaded has been released already.
            Command::ReleaseExpiredHolds(_) => Outcome::ExpiredHoldsReleased,
        }
    }

    fn release_overdue_holds(&mut self) {
        let now = self.now;
        let overdue: Vec<HoldId> = self
            .state
            .holds
            .values()
            .filter(|hold| hold.is_overdue(now))
            .map(|hold| hold.id)
            .collect();
        for id in overdue {
            self.end_hold(id);
        }
    }

    /// Releases the seats of an active hold that have no person: they return to the slot and to
    /// the pass. The bookings made on it stay.
    fn end_hold(&mut self, id: HoldId) {
        let Some(hold) = self.state.holds.get_mut(&id) else { return };
        let seats = hold.seats_open();
        hold.state = HoldState::Released;
        let (pass_id, key) =
            (hold.pass_id, SlotKey { campaign: hold.campaign.clone(), slot: hold.slot.clone() });
        self.touched.holds.insert(id);
        if let Some(pass) = self.state.passes.get_mut(&pass_id) {
            pass.seats_held = pass.seats_held.saturating_sub(seats);
            self.touched.passes.insert(pass_id);
        }
        self.free_places(key, u32::from(seats));
    }

    fn earlier(&self, idempotency: &Idempotency) -> Earlier {
        match self.state.records.get(&idempotency.key) {
            None => Earlier::Nothing,
            Some(record) if record.fingerprint == idempotency.fingerprint => {
                Earlier::Same(record.effect.clone())
            }
            Some(_) => Earlier::Other,
        }
    }

    fn record(&mut self, idempotency: &Idempotency, campaign: &CampaignId, effect: Recorded) {
        let record = IdempotencyRecord {
            key: idempotency.key,
            fingerprint: idempotency.fingerprint,
            campaign: campaign.clone(),
            recorded_at: self.now,
            effect,
        };
        self.state.records.insert(record.key, record.clone());
        self.touched.records.push(record);
    }

    /// The slot, if `pass` may have places of it.
    fn open_slot(&self, pass: &PassGrant, slot: &SlotId) -> Result<OpenSlot, NoEntry> {
        let campaign = self.state.campaigns.get(&pass.campaign).ok_or(NoEntry::CampaignNotFound)?;
        if campaign.is_closed(self.now) {
            return Err(NoEntry::CampaignClosed);
        }
        if !campaign.is_eligible(pass.ags) {
            return Err(NoEntry::NotEligible);
        }
        if pass.expires_at <= self.now {
            return Err(NoEntry::PassExpired);
        }
        if self.has_ended(pass) {
            return Err(NoEntry::PassEnded);
        }
        let definition = campaign.slot(slot).ok_or(NoEntry::SlotNotFound)?;
        let key = SlotKey { campaign: pass.campaign.clone(), slot: definition.id.clone() };
        let taken = self.state.slots.get(&key).ok_or(NoEntry::SlotNotFound)?.taken;
        let places_left = campaign.places_bookable(definition, taken, self.now);
        Ok(OpenSlot { campaign: Arc::clone(campaign), key, places_left })
    }

    /// Takes places that `open` has; the watermark of what was ever open moves along (P1).
    fn take_places(&mut self, open: &OpenSlot, places: u32) {
        debug_assert!(places <= open.places_left, "more places taken than there are");
        let released = open.campaign.released_at(open.slot(), self.now);
        if let Some(counters) = self.state.slots.get_mut(&open.key) {
            counters.taken += places;
            counters.released = counters.released.max(released);
            debug_assert!(counters.taken <= counters.released, "P1: taken ≤ released");
        }
        self.touched.slots.insert(open.key.clone());
    }

    fn free_places(&mut self, key: SlotKey, places: u32) {
        if let Some(counters) = self.state.slots.get_mut(&key) {
            debug_assert!(places <= counters.taken, "more places freed than were taken");
            counters.taken = counters.taken.saturating_sub(places);
            self.touched.slots.insert(key);
        }
    }

    /// The use of a pass, to be changed.
    fn pass_use(&mut self, pass: &PassGrant) -> &mut PassUse {
        self.touched.passes.insert(pass.pass_id);
        self.state.passes.entry(pass.pass_id).or_insert_with(|| PassUse {
            pass_id: pass.pass_id,
            campaign: pass.campaign.clone(),
            seats_held: 0,
            seats_booked: 0,
            ended_at: None,
            expires_at: pass.expires_at,
        })
    }

    /// Whether the pass was given back.
    fn has_ended(&self, pass: &PassGrant) -> bool {
        self.state.passes.get(&pass.pass_id).is_some_and(|used| used.ended_at.is_some())
    }

    /// Whether the pass may book this person: the one it is bound to comes first, the others of the
    /// same car after that.
    fn may_be_booked(&self, pass: &PassGrant, binding: BindingCheck) -> bool {
        match binding {
            BindingCheck::Unbound | BindingCheck::Matches => true,
            BindingCheck::Differs => {
                self.state.passes.get(&pass.pass_id).is_some_and(|used| used.seats_booked > 0)
            }
        }
    }

    fn end_pass(&mut self, command: &EndPass) -> EndPassOutcome {
        if !self.state.campaigns.contains_key(&command.pass.campaign) {
            return EndPassOutcome::CampaignNotFound;
        }
        if !self.has_ended(&command.pass) {
            let now = self.now;
            self.pass_use(&command.pass).ended_at = Some(now);
        }
        EndPassOutcome::Ended
    }

    /// Seats that the pass may still hold or book.
    fn seats_left(&self, pass: &PassGrant) -> u8 {
        let used = self
            .state
            .passes
            .get(&pass.pass_id)
            .map_or(0, |used| used.seats_held.saturating_add(used.seats_booked));
        pass.seats.saturating_sub(used)
    }

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
            bookings_inserted: touched.bookings_inserted,
            records: touched.records,
        }
    }
}
