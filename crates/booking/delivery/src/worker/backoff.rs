//! When a letter that was not taken is tried again.

use std::time::Duration;

use kernel::Entropy;

const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_hours(1);

/// After so many attempts, in about two days, a letter that the server puts off is given up. While there is no
/// server that could take it, it waits, and that is no attempt.
pub(super) const ATTEMPTS_MAX: u32 = 54;

/// How long to wait after this many attempts: 30 s, then twice as long each time up to an hour, of which the
/// second half is random so that not everybody comes back at once.
pub(super) fn after(attempts: u32, entropy: &dyn Entropy) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    spread(FIRST.saturating_mul(1 << doublings), entropy)
}

/// How long a letter waits that nobody was there for, this long after it was made: as long again, within the same
/// limits, and as random. So the waits grow without a count of what was no attempt.
pub(super) fn as_long_again(waited: Duration, entropy: &dyn Entropy) -> Duration {
    spread(waited.max(FIRST), entropy)
}

fn spread(whole: Duration, entropy: &dyn Entropy) -> Duration {
    let whole = whole.min(LONGEST);
    let half_ms = u64::try_from(whole.as_millis() / 2).unwrap_or(u64::MAX);
    Duration::from_millis(half_ms + entropy.u64() % half_ms.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour_and_differ() {
        let entropy = kernel::SeededEntropy::new(1);
        for (attempts, whole_s) in [(0, 30), (1, 30), (2, 60), (5, 480), (8, 3_600), (99, 3_600)] {
            let waits: Vec<Duration> = (0..50).map(|_| after(attempts, &entropy)).collect();
            let whole = Duration::from_secs(whole_s);
            assert!(waits.iter().all(|wait| (whole / 2..=whole).contains(wait)));
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
    }

    #[test]
    fn nobody_there_is_waited_for_as_long_again() {
        let entropy = kernel::SeededEntropy::new(1);
        for (waited_s, whole_s) in [(0, 30), (30, 30), (300, 300), (3_600, 3_600), (99_999, 3_600)]
        {
            let wait = as_long_again(Duration::from_secs(waited_s), &entropy);
            let whole = Duration::from_secs(whole_s);
            assert!((whole / 2..=whole).contains(&wait), "{wait:?}");
        }
    }
}
