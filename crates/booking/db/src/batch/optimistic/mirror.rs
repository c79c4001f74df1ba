//! What an instance remembers of a campaign.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use ::booking::{
    Booking, BookingStatus, Campaign, ChainEnd, Changes, Command, PassId, PassUse, PersonChange,
    PersonKey, SlotCounters, SlotKey, State,
};
use kernel::Timestamp;

use super::super::write::Known;
use crate::vault::{CampaignKey, CampaignKeys};

/// What was so after change `sequence` of the campaign. Of what is not in here nothing is known.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub campaign: Arc<Campaign>,
    pub revision: i64,
    pub sequence: i64,
    /// Where the chain of its events ends.
    pub end: ChainEnd,
    /// What seals who is booked; the careful path loads it with the campaign.
    key: Option<Arc<CampaignKey>>,
    slots: HashMap<SlotKey, SlotCounters>,
    passes: Recent<PassId, PassUse>,
    /// Keys under which something was recorded.
    keys: Recent<[u8; 32], ()>,
    /// Persons who have a booking.
    persons: Recent<PersonKey, ()>,
    /// Whether some of them may not have it any more.
    has_forgotten_persons: bool,
    /// Persons who have been seen to wait. Of others the database knows it.
    waiting: Recent<PersonKey, ()>,
    /// Whether anybody may be on the waitlist.
    pub may_wait: bool,
}

/// Which state of the campaign it is. A database that has gone back, to a backup or to a replica that lagged, comes to
/// the same number a second time, but not to the same events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    revision: i64,
    sequence: i64,
    end: ChainEnd,
}

impl Mirror {
    /// What was loaded for a batch, if it is of one campaign.
    pub fn of(state: &State, known: &Known) -> Option<Self> {
        let [head] = known.heads.as_slice() else { return None };
        let mut mirror = Self {
            campaign: Arc::clone(state.campaigns.get(&head.campaign)?),
            revision: head.revision,
            sequence: head.sequence,
            end: head.end,
            key: None,
            slots: state.slots.clone(),
            passes: Recent::default(),
            keys: Recent::default(),
            persons: Recent::default(),
            has_forgotten_persons: false,
            waiting: Recent::default(),
            may_wait: state.waitlists.values().any(|counts| counts.demand() > 0),
        };
        for pass in state.passes.values() {
            mirror.passes.insert(pass.pass_id, pass.clone());
        }
        for (_, person) in &state.active_persons {
            mirror.persons.insert(*person, ());
        }
        for entry in state.entries.values().filter(|entry| entry.state.is_waiting()) {
            mirror.waiting.insert(entry.person_key, ());
        }
        for key in state.records.keys() {
            mirror.keys.insert(*key, ());
        }
        Some(mirror)
    }

    pub fn moment(&self) -> Moment {
        Moment { revision: self.revision, sequence: self.sequence, end: self.end }
    }

    /// The same with the data key of the campaign.
    pub fn with_key(self, keys: &CampaignKeys) -> Self {
        let key = keys.get(&self.campaign.id).map(Arc::clone);
        Self { key, ..self }
    }

    /// The data key as what seals a batch.
    pub fn keys(&self) -> Option<CampaignKeys> {
        let key = self.key.as_ref()?;
        Some(CampaignKeys::of_one(&self.campaign.id, Arc::clone(key)))
    }

    /// The same after `changes` were written.
    pub fn advance(&mut self, changes: &Changes) {
        if changes.is_empty() {
            return;
        }
        self.sequence += 1;
        self.end = changes.events.last().map_or(self.end, |new| new.link.end());
        for change in &changes.slots {
            self.slots.insert(change.key.clone(), change.counters);
        }
        for pass in &changes.pass_uses {
            self.passes.insert(pass.pass_id, pass.clone());
        }
        // Whose booking was cancelled or is another person's is not said here, so nothing is known of the
        // persons any more.
        let mut persons =
            changes.bookings_changed.iter().filter_map(|change| change.person.as_ref());
        let is_exchanged = persons.any(PersonChange::is_another_key);
        if is_exchanged || !changes.bookings_cancelled.is_empty() {
            self.persons = Recent::default();
            self.has_forgotten_persons = true;
        }
        let confirmed = |booking: &&Booking| booking.status == BookingStatus::Confirmed;
        for booking in changes.bookings_inserted.iter().filter(confirmed) {
            self.persons.insert(booking.registration.person_key, ());
        }
        self.may_wait |= !changes.entries_inserted.is_empty();
        for entry in &changes.entries_inserted {
            self.waiting.insert(entry.person_key, ());
        }
        for record in &changes.records {
            self.keys.insert(record.key, ());
        }
    }

    /// Takes over what `later` knows, which was loaded at this one's moment.
    pub fn merge(&mut self, later: Self) {
        (self.sequence, self.end) = (later.sequence, later.end);
        self.key = later.key;
        self.may_wait = later.may_wait;
        self.waiting.extend(later.waiting);
        self.slots.extend(later.slots);
        self.passes.extend(later.passes);
        self.keys.extend(later.keys);
        if later.has_forgotten_persons {
            self.persons = later.persons;
        } else {
            self.persons.extend(later.persons);
        }
    }

    /// The places that can be booked in a slot, as far as it is known.
    pub fn places_left(&self, key: &SlotKey, now: Timestamp) -> Option<u32> {
        let slot = self.campaign.slot(&key.slot)?;
        let counters = self.slots.get(key)?;
        Some(self.campaign.places_bookable(slot, counters.taken, now))
    }

    pub fn knows_slot(&self, slot: &SlotKey) -> bool {
        self.slots.contains_key(slot)
    }

    pub fn knows_key(&self, key: &[u8; 32]) -> bool {
        self.keys.contains(key)
    }

    pub fn has_booked(&self, person: &PersonKey) -> bool {
        self.persons.contains(person)
    }

    pub fn waits(&self, person: &PersonKey) -> bool {
        self.waiting.contains(person)
    }

    pub fn knows_pass(&self, pass: PassId) -> bool {
        self.passes.contains(&pass)
    }

    /// What deciding these commands has to know.
    pub fn state(&self, commands: &[Command]) -> State {
        let mut state = State::default();
        state.campaigns.insert(self.campaign.id.clone(), Arc::clone(&self.campaign));
        state.chains.insert(self.campaign.id.clone(), self.end);
        for command in commands {
            let Command::BookSlot(book) = command else { continue };
            let key = SlotKey { campaign: book.pass.campaign.clone(), slot: book.slot.clone() };
            state.slots.extend(self.slots.get(&key).map(|counters| (key, *counters)));
            let pass = self.passes.get(&book.pass.pass_id);
            state.passes.extend(pass.map(|pass| (pass.pass_id, pass.clone())));
        }
        state
    }
}

/// The latest entries, between so many and twice as many. What is forgotten is looked for by the database.
const RECENT_MIN: usize = 16_384;

/// A map that forgets what came long ago.
#[derive(Debug)]
struct Recent<K, V> {
    new: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { new: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    fn insert(&mut self, key: K, value: V) {
        if self.new.len() >= RECENT_MIN {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(key, value);
    }

    fn extend(&mut self, others: Self) {
        for (key, value) in others.old.into_iter().chain(others.new) {
            self.insert(key, value);
        }
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.new.get(key).or_else(|| self.old.get(key))
    }

    fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered_and_no_more_than_twice_as_many() {
        let mut recent = Recent::default();
        let last = 10 * RECENT_MIN;
        for number in 0..=last {
            recent.insert(number, number);
            recent.insert(number, number + 1);
        }
        assert!(
            (last + 1 - RECENT_MIN..=last).all(|number| recent.get(&number) == Some(&(number + 1)))
        );
        assert!(recent.new.len() + recent.old.len() <= 2 * RECENT_MIN);
        assert!(!recent.contains(&0));
    }
}
