//! Trying a transaction again from its beginning.

use booking::StoreError;
use tokio::time::Instant;

use crate::fault::Fault;

/// Enough to get past the dead connections of a small pool after a restart of the server.
const ATTEMPTS_MAX: u32 = 6;

/// Makes `attempt` until it succeeds, another one is not worth it, 6 have failed, or nobody waits for the
/// answer any more.
///
/// An attempt is a whole transaction: what an earlier one has loaded may be what made it fail.
pub(crate) async fn retry<T, A>(deadline: Instant, attempt: impl Fn() -> A) -> Result<T, StoreError>
where
    A: Future<Output = Result<T, Fault>>,
{
    for number in 1..ATTEMPTS_MAX {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(fault) if !fault.is_worth_another_attempt() || Instant::now() >= deadline => {
                return Err(fault.into());
            }
            Err(fault) => fault.log_attempt(number),
        }
    }
    attempt().await.map_err(StoreError::from)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;
    use std::sync::Arc;
    use std::time::Duration;

    use sea_orm::sqlx::Error as SqlxError;
    use sea_orm::{DbErr, RuntimeErr};

    use super::*;
    use crate::fault::COMMIT;

    fn lost() -> DbErr {
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        DbErr::Exec(RuntimeErr::SqlxError(Arc::new(SqlxError::Io(reset))))
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_hours(1)
    }

    #[tokio::test]
    async fn nothing_is_tried_again_for_nobody() {
        let attempts = Cell::new(0);
        let too_late = retry(Instant::now(), || {
            attempts.set(attempts.get() + 1);
            ready(Err::<(), _>(Fault::at("begin")(lost())))
        });
        assert!(matches!(too_late.await, Err(StoreError::Unavailable { .. })));
        assert_eq!(attempts.get(), 1);
    }

    /// How many attempts are made that all fail like this, and what is told in the end.
    async fn attempts_at(fault: impl Fn() -> Fault) -> (u32, StoreError) {
        let attempts = Cell::new(0);
        let given_up = retry(later(), || {
            attempts.set(attempts.get() + 1);
            ready(Err::<(), _>(fault()))
        });
        let given_up = given_up.await.expect_err("no attempt succeeds");
        (attempts.get(), given_up)
    }

    #[tokio::test]
    async fn a_connection_lost_before_the_commit_is_tried_again_a_few_times() {
        let (attempts, given_up) = attempts_at(|| Fault::at("begin")(lost())).await;
        assert_eq!(attempts, ATTEMPTS_MAX);
        assert!(matches!(given_up, StoreError::Unavailable { .. }));
    }

    #[tokio::test]
    async fn the_first_success_counts() {
        let attempts = Cell::new(0);
        let succeeded = retry(later(), || {
            attempts.set(attempts.get() + 1);
            let number = attempts.get();
            ready(if number < ATTEMPTS_MAX { Err(Fault::at("begin")(lost())) } else { Ok(number) })
        });
        assert!(matches!(succeeded.await, Ok(ATTEMPTS_MAX)));
    }

    #[tokio::test]
    async fn a_connection_lost_in_the_commit_is_never_tried_again() {
        let (attempts, unknown) = attempts_at(|| Fault::at(COMMIT)(lost())).await;
        assert_eq!(attempts, 1);
        assert!(matches!(unknown, StoreError::Unavailable { .. }));
    }

    #[tokio::test]
    async fn a_defect_is_not_tried_again() {
        let defect = || Fault::at("load")(DbErr::Type("seats".into()));
        let (attempts, defect) = attempts_at(defect).await;
        assert_eq!(attempts, 1);
        assert!(matches!(defect, StoreError::Broken { .. }));
    }
}
