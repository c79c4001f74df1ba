//! When a message that was not taken is tried again: as Standard Webhooks proposes it.

use std::time::Duration;

use kernel::Entropy;

/// The waits after the first attempt, the second, and so on.
const WAITS: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// The longest that a receiver may ask for.
const ASKED_MAX: Duration = Duration::from_hours(24);

/// How long to wait after so many attempts, and up to a fifth more so that not everybody comes back at once; `None` once a
/// message is given up, after ten attempts in a little more than three days. Whoever `asked` for a later time gets it, up to
/// a day.
#[must_use]
pub fn wait_after(
    attempts: u32,
    asked: Option<Duration>,
    entropy: &dyn Entropy,
) -> Option<Duration> {
    let index = usize::try_from(attempts.saturating_sub(1)).ok()?;
    let wait = *WAITS.get(index)?;
    let wait = asked.map_or(wait, |asked| wait.max(asked.min(ASKED_MAX)));
    let spread_ms = u64::try_from(wait.as_millis() / 5).unwrap_or(u64::MAX);
    Some(wait + Duration::from_millis(entropy.u64() % spread_ms.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let entropy = kernel::SeededEntropy::new(1);
        for (attempts, wait) in (1..).zip(WAITS) {
            let waits: Vec<_> = (0..50).map(|_| wait_after(attempts, None, &entropy)).collect();
            let range = wait..wait * 6 / 5;
            assert!(waits.iter().all(|wait| wait.is_some_and(|wait| range.contains(&wait))));
            assert!(waits.iter().any(|wait| *wait != waits[0]), "they differ");
        }
        assert_eq!(wait_after(10, None, &entropy), None);
        let whole: Duration = WAITS.iter().sum();
        assert_eq!(whole.as_secs() / 3_600, 75);
    }

    #[test]
    fn a_receiver_may_ask_for_a_later_time() {
        let entropy = kernel::SeededEntropy::new(1);
        let wait = |asked| wait_after(1, Some(Duration::from_secs(asked)), &entropy);
        let hour = Duration::from_hours(1);
        assert!(wait(3_600).is_some_and(|wait| (hour..hour * 6 / 5).contains(&wait)));
        assert!(wait(0).is_some_and(|wait| wait >= WAITS[0]), "not for an earlier one");
        assert!(wait(u64::MAX).is_some_and(|wait| wait < ASKED_MAX * 6 / 5));
    }
}
