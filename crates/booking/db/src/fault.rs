//! What went wrong between the rules and the database, and what the port's caller is told of it.

use booking::StoreError;
use sea_orm::DbErr;

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
    pub fn is_worth_another_attempt(&self) -> bool {
        match self {
            Self::Db { doing, error } => match classify(error) {
                Failure::Retry => true,
                Failure::Unavailable => *doing != COMMIT && is_connection_lost(error),
                Failure::Busy | Failure::Broken => false,
            },
            Self::Unexpected(_) => false,
        }
    }

    /// Says in the log that attempt `number` has failed and another one follows.
    pub fn log_attempt(&self, number: u32) {
        match self {
            Self::Db { doing, error } => {
                tracing::warn!(attempt = number, doing, %error, "database transaction is tried again");
            }
            Self::Unexpected(_) => {}
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
