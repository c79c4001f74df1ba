//! Which codes there are: a part of the levers, so every instance knows it and a store that forgot it is told.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::code::CodeNumber;

/// Codes that are issued in one batch at most.
pub const CODES_A_TIME_MAX: u32 = 10_000;
/// Batches of one line at most.
pub const BATCHES_MAX: usize = 200;
/// Ranges of revoked codes at most: as many single codes, or batches.
pub const REVOKED_MAX: usize = 500;

/// How many codes were issued, and which of them are worth nothing any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct PriorityCodes {
    /// The number behind the last code of each batch.
    pub batches: Vec<u32>,
    /// Revoked codes: the first and the one behind the last of each range, in order and apart from each other.
    pub revoked: Vec<(u32, u32)>,
}

/// Why codes are not issued or revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodesMistake {
    /// None, or too many at once.
    #[error("1 to {CODES_A_TIME_MAX} codes are issued at a time")]
    Count,
    /// The line has as many as there can be.
    #[error(
        "a line has at most {BATCHES_MAX} batches and {} codes; there is no room for these",
        CodeNumber::COUNT_MAX
    )]
    Full,
    /// Too many were revoked one by one.
    #[error("at most {REVOKED_MAX} codes are revoked one by one; revoke whole batches")]
    Scattered,
}

impl PriorityCodes {
    /// How many were issued: the number of the next one.
    #[must_use]
    pub fn issued(&self) -> u32 {
        self.batches.last().copied().unwrap_or(0)
    }

    /// The numbers of the codes in batch number `batch`, from 0.
    #[must_use]
    pub fn batch(&self, batch: usize) -> Option<Range<u32>> {
        let end = *self.batches.get(batch)?;
        let first = batch.checked_sub(1).map_or(0, |before| self.batches[before]);
        Some(first..end)
    }

    /// Whether this code is worth nothing any more.
    #[must_use]
    pub fn is_revoked(&self, number: CodeNumber) -> bool {
        let behind = self.revoked.partition_point(|(first, _)| *first <= number.get());
        behind.checked_sub(1).is_some_and(|range| number.get() < self.revoked[range].1)
    }

    /// With one more batch of so many codes.
    pub fn with_batch(&self, count: u32) -> Result<Self, CodesMistake> {
        if !(1..=CODES_A_TIME_MAX).contains(&count) {
            return Err(CodesMistake::Count);
        }
        let end = self.issued().saturating_add(count);
        if end > CodeNumber::COUNT_MAX || self.batches.len() >= BATCHES_MAX {
            return Err(CodesMistake::Full);
        }
        let mut next = self.clone();
        next.batches.push(end);
        Ok(next)
    }

    /// Without the codes of this range.
    pub fn without(&self, range: &Range<u32>) -> Result<Self, CodesMistake> {
        let mut ranges = self.revoked.clone();
        ranges.push((range.start, range.end));
        ranges.sort_unstable();
        let mut revoked: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, end) in ranges.into_iter().filter(|(first, end)| first < end) {
            match revoked.last_mut() {
                Some(last) if first <= last.1 => last.1 = last.1.max(end),
                Some(_) | None => revoked.push((first, end)),
            }
        }
        if revoked.len() > REVOKED_MAX {
            return Err(CodesMistake::Scattered);
        }
        Ok(Self { revoked, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn batches_follow_each_other() {
        let none = PriorityCodes::default();
        let two = none.with_batch(3).and_then(|one| one.with_batch(10_000)).expect("two batches");
        assert_eq!((two.batch(0), two.batch(1), two.batch(2)), (Some(0..3), Some(3..10_003), None));
        assert_eq!(two.issued(), 10_003);
        assert_eq!(two.with_batch(0), Err(CodesMistake::Count));
        assert_eq!(two.with_batch(10_001), Err(CodesMistake::Count));
    }

    #[test]
    fn a_line_has_its_bounds() {
        let nearly =
            PriorityCodes { batches: vec![CodeNumber::COUNT_MAX - 5], revoked: Vec::new() };
        assert_eq!(nearly.with_batch(6), Err(CodesMistake::Full));
        assert_eq!(nearly.with_batch(5).expect("the last").issued(), CodeNumber::COUNT_MAX);
        let many = PriorityCodes { batches: (1..=200).collect(), revoked: Vec::new() };
        assert_eq!(many.with_batch(1), Err(CodesMistake::Full));
        let scattered = (0..500).map(|at| (2 * at, 2 * at + 1)).collect();
        let scattered = PriorityCodes { batches: vec![2_000], revoked: scattered };
        assert_eq!(scattered.without(&(1_500..1_501)), Err(CodesMistake::Scattered));
        let whole = scattered.without(&(0..2_000)).expect("one range");
        assert_eq!(whole.revoked, [(0, 2_000)]);
    }

    proptest! {
        /// Whatever is revoked in whatever order: those and no others, in as few ranges as can be.
        #[test]
        fn what_is_revoked_is_known_one_by_one(
            ranges in proptest::collection::vec((0..60_u32, 0..6_u32), 0..20),
        ) {
            let mut codes = PriorityCodes::default();
            let mut revoked = BTreeSet::new();
            for (first, count) in ranges {
                codes = codes.without(&(first..first + count)).expect("few");
                revoked.extend(first..first + count);
            }
            for number in 0..70 {
                let known = codes.is_revoked(CodeNumber::new(number).expect("a number"));
                prop_assert_eq!(known, revoked.contains(&number), "{}", number);
            }
            let starts = revoked.iter().filter(|at| **at == 0 || !revoked.contains(&(**at - 1)));
            prop_assert_eq!(codes.revoked.len(), starts.count());
        }
    }
}
