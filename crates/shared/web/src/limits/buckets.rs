//! One bucket per key, and never more than a given number of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

/// Parts of the table, each behind a lock of its own, so that workers seldom wait for each other.
const SHARDS: usize = 64;

/// How often stale buckets are swept out of a shard that has room, while new ones come in.
const SWEEP_EVERY: Nanos = Nanos::new(10_000_000_000);

/// How often a full shard is swept within the time in which a bucket gets stale: not for each new key,
/// or a flood of them would cost a sweep each.
const SWEEPS_OF_A_FULL_SHARD: u64 = 8;

/// The states of a keyed rate limit, in the form governor needs: for each key the time at which its
/// bucket is full again, counted from the start of the limit.
///
/// A bucket that is full again is as good as none, so it goes when there is no room for a new one, and
/// otherwise every ten seconds. When all are in use, keys that are not known share one bucket: they are neither
/// let through uncounted nor refused for being new. To keep the table full, an attacker must go on
/// making the permitted number of requests from every one of its addresses.
pub(super) struct Buckets {
    shards: Vec<Mutex<Shard>>,
    shard_keys_max: usize,
    /// The time in which one request's worth comes back.
    interval: Nanos,
    overflow: Mutex<Nanos>,
}

#[derive(Default)]
struct Shard {
    full_at: HashMap<u64, Nanos>,
    swept_at: Nanos,
}

impl Buckets {
    /// At most `keys_max` buckets, of which one request's worth comes back in `interval`.
    pub(super) fn new(keys_max: usize, interval: Duration) -> Self {
        Self {
            shards: std::iter::repeat_with(Mutex::default).take(SHARDS).collect(),
            shard_keys_max: keys_max / SHARDS,
            interval: interval.into(),
            overflow: Mutex::default(),
        }
    }

    fn shard(&self, key: u64) -> &Mutex<Shard> {
        // The remainder is below the number of shards, which is a usize.
        let index = usize::try_from(key % SHARDS as u64).unwrap_or_default();
        &self.shards[index]
    }
}

impl Shard {
    /// Whether there is space for one more bucket.
    fn has_space(&mut self, keys_max: usize, interval: Nanos, now: Nanos) -> bool {
        let is_full = self.full_at.len() >= keys_max;
        let every =
            if is_full { (interval.as_u64() / SWEEPS_OF_A_FULL_SHARD).into() } else { SWEEP_EVERY };
        if now >= self.swept_at + every {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.swept_at = now;
        }
        self.full_at.len() < keys_max
    }
}

impl StateStore for Buckets {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut shard = lock(self.shard(*key));
        if let Some(full_at) = shard.full_at.get_mut(key) {
            return take(full_at, decide);
        }
        // A new bucket is full again when the one request has come back.
        let (answer, full_at) = decide(None)?;
        let now = full_at.saturating_sub(self.interval);
        if shard.has_space(self.shard_keys_max, self.interval, now) {
            shard.full_at.insert(*key, full_at);
            return Ok(answer);
        }
        drop(shard);
        take(&mut lock(&self.overflow), decide)
    }
}

impl ShrinkableKeyedStateStore<u64> for Buckets {
    fn retain_recent(&self, drop_below: Nanos) {
        for shard in &self.shards {
            lock(shard).full_at.retain(|_, full_at| *full_at > drop_below);
        }
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).full_at.len()).sum()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn take<T, F, E>(full_at: &mut Nanos, decide: F) -> Result<T, E>
where
    F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
{
    let (answer, next) = decide(Some(*full_at))?;
    *full_at = next;
    Ok(answer)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
