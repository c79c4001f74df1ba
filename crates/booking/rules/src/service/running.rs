//! Which requests are being carried out right now.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Failure;

/// The idempotency keys of the requests under way in this process.
///
/// It is a courtesy to a client that repeats too early; that one key has one effect is up to the
/// rules and the store.
#[derive(Default)]
pub(super) struct RunningKeys(Mutex<HashSet<[u8; 32]>>);

/// The key is running until this is dropped.
pub(super) struct Running<'a> {
    keys: &'a RunningKeys,
    key: [u8; 32],
}

impl RunningKeys {
    /// Marks the key as running, unless it is.
    pub(super) fn enter(&self, key: [u8; 32]) -> Result<Running<'_>, Failure> {
        if self.keys().insert(key) {
            Ok(Running { keys: self, key })
        } else {
            Err(Failure::RequestInProgress)
        }
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<[u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.keys.keys().remove(&self.key);
    }
}
