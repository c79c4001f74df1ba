//! What went wrong between the rules and the database, and what the port's caller is told of it.

use booking::StoreError;
use sea_orm::DbErr;

use crate::failure::{Failure, classify, is_connection_lost};

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
                Failure::Broken => false,
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
            Some(Box::new(WithoutDetails(error.to_string())));
        match failure {
            // The conflict outlasted all attempts.
            Failure::Retry | Failure::Unavailable => Self::Unavailable { reason, source },
            Failure::Broken => Self::Broken { reason, source },
        }
    }
}

/// A database error reduced to its message. The error itself carries PostgreSQL's DETAIL, which
/// quotes whole rows, and its `Debug` would put a person into the log (P15).
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WithoutDetails(String);

/// Counts the attempts at one transaction.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    /// Enough to get past the dead connections of a small pool after a restart of the server.
    const MAX: u32 = 4;

    /// Returns if another attempt is worth it.
    pub fn another(&mut self, fault: Fault) -> Result<(), StoreError> {
        self.0 += 1;
        if self.0 >= Self::MAX || !fault.is_worth_another_attempt() {
            return Err(fault.into());
        }
        if let Fault::Db { doing, error } = fault {
            tracing::warn!(attempt = self.0, doing, %error, "database transaction is tried again");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sea_orm::RuntimeErr;
    use sea_orm::sqlx::Error as SqlxError;

    use super::*;

    fn lost() -> DbErr {
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        DbErr::Exec(RuntimeErr::SqlxError(Arc::new(SqlxError::Io(reset))))
    }

    #[test]
    fn a_connection_lost_before_the_commit_is_tried_again_a_few_times() {
        let mut attempts = Attempts::default();
        for _ in 1..Attempts::MAX {
            assert!(attempts.another(Fault::at("begin")(lost())).is_ok());
        }
        let given_up = attempts.another(Fault::at("begin")(lost()));
        assert!(matches!(given_up, Err(StoreError::Unavailable { .. })));
    }

    #[test]
    fn a_connection_lost_in_the_commit_is_never_tried_again() {
        let unknown = Attempts::default().another(Fault::at(COMMIT)(lost()));
        assert!(matches!(unknown, Err(StoreError::Unavailable { .. })));
    }

    #[test]
    fn a_defect_is_not_tried_again() {
        let defect = Attempts::default().another(Fault::at("load")(DbErr::Type("seats".into())));
        assert!(matches!(defect, Err(StoreError::Broken { .. })));
    }
}
