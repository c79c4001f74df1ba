//! Why a use case has no outcome.

use kernel::SubmitError;

use crate::store::StoreError;

/// Why a use case has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Too many are waiting, or what they wait for is taken. Nothing was done; try again later.
    #[error("the service is overloaded")]
    Overloaded,
    /// The store does not answer, or the service is shutting down. Whether the command took effect
    /// may be unknown: repeat it under the same key.
    #[error("the booking store is unavailable")]
    Unavailable,
    /// The same request is being carried out right now.
    #[error("the same request is being carried out")]
    RequestInProgress,
    /// The store answers what it must not.
    #[error("the booking store is broken")]
    Broken,
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Busy { .. } => Self::Overloaded,
            StoreError::Unavailable { .. } => Self::Unavailable,
            StoreError::Broken { .. } => Self::Broken,
        }
    }
}

impl From<SubmitError<Failure>> for Failure {
    fn from(error: SubmitError<Failure>) -> Self {
        match error {
            SubmitError::Full | SubmitError::Shed => Self::Overloaded,
            SubmitError::Away | SubmitError::ShuttingDown | SubmitError::Lost => Self::Unavailable,
            SubmitError::Failed(failure) => failure,
        }
    }
}
