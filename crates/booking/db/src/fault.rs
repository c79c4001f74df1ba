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
    pub fn is_worth_another_attempt(&self) -> bool {
        match self {
            Self::Db { doing, error } => match classify(error) {
                Failure::Retry => true,
                Failure::Unavailable => *doing != COMMIT && is_connection_lost(error),
                Failure::Broken => false,
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
