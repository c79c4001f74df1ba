//! What went wrong between the rules and the database, and what the port's caller is told of it.

use booking::StoreError;
use sea_orm::DbErr;
use tokio::time::Instant;

use crate::failure::{
    Failure, calls_for_new_connections, classify, is_connection_lost, is_constraint,
};

/// An error of this adapter.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database refused or failed.
    Db {
        /// What was being done, to complete "failed to …".
        doing: &'static str,
        error: DbErr,
    },
    /// The database holds, or did, what the rules know nothing of.
    Unexpected(String),
}

/// While committing, nobody knows on which side of the commit the connection broke.
pub(crate) const COMMIT: &str = "commit the batch";

impl Fault {
    /// For `map_err`: the fault of doing this.
    pub fn at(doing: &'static str) -> impl FnOnce(DbErr) -> Self {
        move |error| Self::Db { doing, error }
    }

    /// Whether another attempt from the beginning may succeed now, and repeats no effect.
    fn is_worth_another_attempt(&self) -> bool {
        match self {
            Self::Db { doing, error } => match classify(error) {
                Failure::Retry => true,
                Failure::Unavailable => *doing != COMMIT && is_connection_lost(error),
                Failure::Busy | Failure::Broken => false,
            },
            Self::Unexpected(_) => false,
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        let (doing, error) = match fault {
            Fault::Db { doing, error } => (doing, error),
            Fault::Unexpected(reason) => return Self::Broken { reason, source: None },
        };
        let reason = format!("failed to {doing}");
        let failure = classify(&error);
        let source: Option<Box<dyn std::error::Error + Send + Sync>> =
            Some(Box::new(WithoutDetails {
                message: error.to_string(),
                calls_for_new_connections: calls_for_new_connections(&error),
            }));
        match failure {
            // It has outlasted all attempts: the rows that are there contradict each other.
            Failure::Retry if is_constraint(&error) => Self::Broken { reason, source },
            Failure::Retry | Failure::Busy => Self::Busy { reason, source },
            Failure::Unavailable => Self::Unavailable { reason, source },
            Failure::Broken => Self::Broken { reason, source },
        }
    }
}

/// A database error reduced to its message. The error itself carries PostgreSQL's DETAIL, which
/// quotes whole rows, and its `Debug` would put a person into the log (P15).
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct WithoutDetails {
    message: String,
    calls_for_new_connections: bool,
}

/// Whether the next call had better have connections of its own.
pub(crate) fn asks_for_new_connections(error: &StoreError) -> bool {
    let (StoreError::Busy { source, .. }
    | StoreError::Unavailable { source, .. }
    | StoreError::Broken { source, .. }) = error;
    let seen = source.as_ref().and_then(|source| source.downcast_ref::<WithoutDetails>());
    seen.is_some_and(|seen| seen.calls_for_new_connections)
}

/// Counts the attempts at one transaction.
#[derive(Debug)]
pub(crate) struct Attempts {
    made: u32,
    /// Nobody waits for the answer after this.
    deadline: Instant,
}

impl Attempts {
    /// Enough to get past the dead connections of a small pool after a restart of the server.
    const MAX: u32 = 6;

    pub fn until(deadline: Instant) -> Self {
        Self { made: 0, deadline }
    }

    /// Returns if another attempt is worth it.
    pub fn another(&mut self, fault: Fault) -> Result<(), StoreError> {
        self.made += 1;
        let is_over = self.made >= Self::MAX || Instant::now() >= self.deadline;
        if is_over || !fault.is_worth_another_attempt() {
            return Err(fault.into());
        }
        if let Fault::Db { doing, error } = fault {
            tracing::warn!(attempt = self.made, doing, %error, "database transaction is tried again");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use sea_orm::RuntimeErr;
    use sea_orm::sqlx::Error as SqlxError;

    use super::*;

    fn lost() -> DbErr {
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        DbErr::Exec(RuntimeErr::SqlxError(Arc::new(SqlxError::Io(reset))))
    }

    fn attempts() -> Attempts {
        Attempts::until(Instant::now() + Duration::from_hours(1))
    }

    #[test]
    fn nothing_is_tried_again_for_nobody() {
        let too_late = Attempts::until(Instant::now()).another(Fault::at("begin")(lost()));
        assert!(matches!(too_late, Err(StoreError::Unavailable { .. })));
    }

    #[test]
    fn a_connection_lost_before_the_commit_is_tried_again_a_few_times() {
        let mut attempts = attempts();
        for _ in 1..Attempts::MAX {
            assert!(attempts.another(Fault::at("begin")(lost())).is_ok());
        }
        let given_up = attempts.another(Fault::at("begin")(lost()));
        assert!(matches!(given_up, Err(StoreError::Unavailable { .. })));
    }

    #[test]
    fn a_connection_lost_in_the_commit_is_never_tried_again() {
        let unknown = attempts().another(Fault::at(COMMIT)(lost()));
        assert!(matches!(unknown, Err(StoreError::Unavailable { .. })));
    }

    #[test]
    fn a_defect_is_not_tried_again() {
        let defect = attempts().another(Fault::at("load")(DbErr::Type("seats".into())));
        assert!(matches!(defect, Err(StoreError::Broken { .. })));
    }
}
