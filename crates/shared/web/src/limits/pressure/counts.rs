//! A bounded table of counts, each kept as the time at which it is forgotten.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Parts of the table, each behind a lock of its own.
const SHARDS: usize = 64;

/// A full shard is swept no more often, or a flood of new keys would cost a sweep each.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Counts {
    shards: Vec<Mutex<Shard>>,
    shard_keys_max: usize,
}

#[derive(Default)]
struct Shard {
    forgotten_at: HashMap<u64, Duration>,
    swept_at: Option<Duration>,
}

impl Counts {
    /// At most `keys_max` of them.
    pub(super) fn new(keys_max: usize) -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { shards, shard_keys_max: keys_max / SHARDS }
    }

    /// When the count of `key` is forgotten; `None` if there is none.
    pub(super) fn of(&self, key: u64) -> Option<Duration> {
        self.shard(key).forgotten_at.get(&key).copied()
    }

    /// Changes the count of `key`, which begins as one that was forgotten at zero. For a new key in a full
    /// shard those make room that are little; if none is, nothing is counted.
    pub(super) fn change(
        &self,
        key: u64,
        now: Duration,
        is_little: impl Fn(Duration) -> bool,
        change: impl Fn(Duration) -> Duration,
    ) {
        let mut shard = self.shard(key);
        if let Some(known) = shard.forgotten_at.get_mut(&key) {
            *known = change(*known);
            return;
        }
        let is_full = shard.forgotten_at.len() >= self.shard_keys_max;
        if is_full && shard.swept_at.is_none_or(|at| now >= at + SWEEP_EVERY) {
            shard.forgotten_at.retain(|_, at| !is_little(*at));
            shard.swept_at = Some(now);
        }
        if shard.forgotten_at.len() < self.shard_keys_max {
            shard.forgotten_at.insert(key, change(Duration::ZERO));
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).forgotten_at.len()).sum()
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        // The remainder is below the number of shards, which is a usize.
        lock(&self.shards[usize::try_from(key % SHARDS as u64).unwrap_or_default()])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
