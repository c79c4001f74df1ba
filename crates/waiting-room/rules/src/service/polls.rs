//! When to ask again, for everybody of one instance: the rule of [`crate::poll`] with fresh randomness.

use std::sync::atomic::{AtomicU64, Ordering};

use kernel::Entropy;

/// A sequence of numbers that is cheap enough to take one for each reply. Predictable to whoever knows
/// them all, which spreading polls does not mind (`SplitMix64`: G. Steele et al., OOPSLA 2014).
pub(crate) struct Randoms(AtomicU64);

impl Randoms {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        Self(AtomicU64::new(entropy.u64()))
    }

    pub(crate) fn next(&self) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
