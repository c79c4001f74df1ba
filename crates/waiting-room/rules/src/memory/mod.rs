//! What a room remembers: one value that merges.
//!
//! Every instance keeps its own memory, raised by what it reads, does, and is shown by tickets. Two
//! memories merge part by part into one that knows what either knew, so the memories of a room form a
//! join-semilattice: merging is associative, commutative and idempotent, and lowers nothing that a
//! citizen was told. (M. Shapiro et al., "Conflict-free Replicated Data Types", SSS 2011.)
//!
//! Every trip to the store carries a [`Digest`](digest::Digest) of the instance's memory. A store that
//! knows less, for whatever reason, answers only that; the instance merges its memory into the store's
//! under the next epoch ([`heal`]) and makes the trip again. There is no second way to heal.

pub mod digest;

use std::collections::BTreeMap;

use kernel::Timestamp;

use crate::lane::{Lane, PerLane};
use crate::live::LiveSettings;
use crate::settings::RoomSettings;

/// A boundary of the line: the entries issued when its instant was reached.
///
/// Of two that were frozen under the same number, after a loss, the earlier one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frozen {
    /// When it was frozen.
    pub at: Timestamp,
    /// The first entry behind the boundary, in each lane.
    pub entries: PerLane<u64>,
}

/// The memory of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Which line of this name it is; a higher one replaces everything.
    pub incarnation: u32,
    /// Grows whenever something was lost, so that no entry is issued twice under one epoch (P8).
    pub epoch: u32,
    /// The operator's levers.
    pub live: LiveSettings,
    /// Entries issued so far, in each lane; the next one gets this number.
    pub entered: PerLane<u64>,
    /// Places called so far, in each lane.
    pub called: PerLane<u64>,
    /// The boundaries frozen so far, by their number; see [`crate::line::Boundary`].
    pub frozen: BTreeMap<u16, Frozen>,
    /// The public entropy supplied so far, by opening.
    pub entropy: BTreeMap<u16, String>,
}

impl Memory {
    /// A new line, before anybody came.
    #[must_use]
    pub fn of_new_room(settings: &RoomSettings) -> Self {
        Self {
            incarnation: settings.incarnation,
            epoch: 0,
            live: settings.gate.levers(),
            entered: PerLane::default(),
            called: PerLane::default(),
            frozen: BTreeMap::new(),
            entropy: BTreeMap::new(),
        }
    }

    /// What either of the two knew.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        let (older, newer) =
            if self.incarnation <= other.incarnation { (self, other) } else { (other, self) };
        if older.incarnation < newer.incarnation {
            return newer.clone();
        }
        let mut merged = Self {
            incarnation: self.incarnation,
            epoch: self.epoch.max(other.epoch),
            live: Ord::max(&self.live, &other.live).clone(),
            entered: self.entered.zip(&other.entered, u64::max),
            called: self.called.zip(&other.called, u64::max),
            frozen: self.frozen.clone(),
            entropy: self.entropy.clone(),
        };
        keep_least(&mut merged.frozen, &other.frozen);
        keep_least(&mut merged.entropy, &other.entropy);
        merged
    }

    /// Takes over what `other` knows; gives whether that was news.
    pub fn learn(&mut self, other: &Self) -> bool {
        let merged = self.merge(other);
        let is_news = merged != *self;
        *self = merged;
        is_news
    }

    /// An issued entry proves that all before it were issued.
    pub fn saw_entry(&mut self, lane: Lane, entry: u64) {
        self.entered[lane] = self.entered[lane].max(entry + 1);
    }

    /// A boundary proves itself, and that the entries before it were issued.
    pub fn saw_boundary(&mut self, index: u16, boundary: Frozen) {
        self.entered = self.entered.zip(&boundary.entries, u64::max);
        keep_least(&mut self.frozen, &BTreeMap::from([(index, boundary)]));
    }

    /// The number of the first boundary that is not frozen.
    ///
    /// # Panics
    /// Never: a campaign has far fewer openings than a `u16` counts.
    #[must_use]
    pub fn next_boundary(&self) -> u16 {
        (0..u16::MAX).find(|index| !self.frozen.contains_key(index)).expect("few openings")
    }
}

fn keep_least<V: Clone + Ord>(into: &mut BTreeMap<u16, V>, from: &BTreeMap<u16, V>) {
    for (index, value) in from {
        let kept = into.entry(*index).or_insert_with(|| value.clone());
        if value < kept {
            *kept = value.clone();
        }
    }
}

/// The memory that a store must have after it was told `mine`; `None` if it knows all of that.
///
/// The next epoch is above every epoch that was merged, and not before the store's second `now`, so that
/// a line begun anew after a total loss is above all it has forgotten. While the store is `quiet`, having
/// healed a moment ago and issued nothing since, what other instances add needs no epoch of its own.
#[must_use]
pub fn heal(
    stored: Option<&Memory>,
    mine: &Memory,
    is_quiet: bool,
    now: Timestamp,
) -> Option<Memory> {
    let Some(stored) = stored else {
        return Some(Memory { epoch: next_epoch(mine.epoch, now), ..mine.clone() });
    };
    let mut merged = stored.merge(mine);
    if merged == *stored {
        return None;
    }
    let is_same_line = mine.incarnation == stored.incarnation;
    let nothing_was_issued_since = is_quiet && is_same_line && mine.epoch < stored.epoch;
    if !nothing_was_issued_since {
        merged.epoch = next_epoch(merged.epoch, now);
    }
    Some(merged)
}

/// The epoch after `epoch`: an instant in whole seconds, or the next number where clocks disagree.
#[must_use]
pub fn next_epoch(epoch: u32, now: Timestamp) -> u32 {
    epoch.saturating_add(1).max(u32::try_from(now.unix_s()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
