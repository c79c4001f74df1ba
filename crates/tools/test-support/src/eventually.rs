//! Waiting for a condition instead of sleeping.

use std::time::Duration;

/// How often a condition is looked at.
const POLL_EVERY: Duration = Duration::from_millis(10);

/// Returns as soon as `condition` holds.
///
/// # Panics
///
/// When it does not hold `within` that time; `what` says in the message what was waited for.
pub async fn eventually(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let holds = async {
        let mut looks = tokio::time::interval(POLL_EVERY);
        loop {
            looks.tick().await;
            if condition().await {
                return;
            }
        }
    };
    assert!(tokio::time::timeout(within, holds).await.is_ok(), "waited {within:?} in vain: {what}");
}

/// The same for code without a runtime: whether `condition` came true within `limit`.
#[expect(
    clippy::disallowed_methods,
    reason = "waits for another process, outside any runtime thread"
)]
pub(crate) fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let looks = limit.as_millis() / POLL_EVERY.as_millis();
    for _ in 0..looks {
        if condition() {
            return true;
        }
        std::thread::sleep(POLL_EVERY);
    }
    condition()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn returns_when_the_condition_holds() {
        let mut looks = 0;
        eventually("three looks", Duration::from_secs(5), async || {
            looks += 1;
            looks == 3
        })
        .await;
        assert_eq!(looks, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "in vain: the impossible")]
    async fn panics_with_what_it_waited_for() {
        eventually("the impossible", Duration::from_millis(30), async || false).await;
    }
}
