//! What a trip carries of an instance's memory: enough for a store to see that it knows less.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kernel::Timestamp;

use super::{Frozen, Memory};
use crate::lane::PerLane;

/// The parts of a memory, each in a form that a script compares without parsing it.
///
/// Numbers are compared as numbers. The boundaries are one text that only grows at its end as long as
/// nothing is lost; a store whose text does not begin with the instance's knows less, or other, ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The incarnation.
    pub incarnation: u32,
    /// The epoch.
    pub epoch: u32,
    /// The version of the levers.
    pub live_version: u64,
    /// Entries issued.
    pub entered: PerLane<u64>,
    /// Places called.
    pub called: PerLane<u64>,
    /// The boundaries: `index at_ms entries entries entries;` each, in the order of their numbers.
    pub frozen: String,
    /// The public entropy: `opening hex;` each, in the order of the openings.
    pub entropy: String,
}

impl Digest {
    /// The digest of `memory`.
    #[must_use]
    pub fn of(memory: &Memory) -> Self {
        Self {
            incarnation: memory.incarnation,
            epoch: memory.epoch,
            live_version: memory.live.version,
            entered: memory.entered,
            called: memory.called,
            frozen: memory
                .frozen
                .iter()
                .map(|(index, frozen)| boundary_text(*index, frozen))
                .collect(),
            entropy: memory
                .entropy
                .iter()
                .map(|(opening, text)| entropy_text(*opening, text))
                .collect(),
        }
    }

    /// Whether a store with the digest `self` knows less than an instance with the digest `instance`.
    /// The scripts of every store must give this answer.
    #[must_use]
    pub fn is_behind(&self, instance: &Self) -> bool {
        let is_less = |(store, instance): (&PerLane<u64>, &PerLane<u64>)| {
            store.zip(instance, |store, instance| store < instance).0.contains(&true)
        };
        self.incarnation < instance.incarnation
            || (self.incarnation == instance.incarnation
                && (self.epoch < instance.epoch
                    || self.live_version < instance.live_version
                    || is_less((&self.entered, &instance.entered))
                    || is_less((&self.called, &instance.called))
                    || !self.frozen.starts_with(&instance.frozen)
                    || !self.entropy.starts_with(&instance.entropy)))
    }
}

/// A boundary as it stands in [`Digest::frozen`].
#[must_use]
pub fn boundary_text(index: u16, frozen: &Frozen) -> String {
    let mut text = format!("{index} {}", frozen.at.unix_ms());
    for (_, entries) in frozen.entries.iter() {
        let _never_fails = write!(text, " {entries}");
    }
    text + ";"
}

/// The public entropy of an opening as it stands in [`Digest::entropy`].
#[must_use]
pub fn entropy_text(opening: u16, entropy: &str) -> String {
    let mut text = format!("{opening} ");
    for byte in entropy.bytes() {
        let _never_fails = write!(text, "{byte:02x}");
    }
    text + ";"
}

/// Reads [`Digest::frozen`]; `None` if it is malformed.
#[must_use]
pub fn read_frozen(text: &str) -> Option<BTreeMap<u16, Frozen>> {
    text.split_terminator(';')
        .map(|boundary| {
            let mut parts = boundary.split(' ');
            let index = parts.next()?.parse().ok()?;
            let at = Timestamp::from_unix_ms(parts.next()?.parse().ok()?);
            let mut entries = PerLane::default();
            for lane in crate::lane::Lane::ALL {
                entries[lane] = parts.next()?.parse().ok()?;
            }
            parts.next().is_none().then_some((index, Frozen { at, entries }))
        })
        .collect()
}

/// Reads [`Digest::entropy`]; `None` if it is malformed.
#[must_use]
pub fn read_entropy(text: &str) -> Option<BTreeMap<u16, String>> {
    text.split_terminator(';')
        .map(|supplied| {
            let (opening, hex) = supplied.split_once(' ')?;
            hex.len().is_multiple_of(2).then_some(())?;
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            let bytes = hex.as_bytes().chunks(2).map(byte).collect::<Option<Vec<u8>>>()?;
            Some((opening.parse().ok()?, String::from_utf8(bytes).ok()?))
        })
        .collect()
}
