//! What becomes of a letter that somebody tried to send.

use kernel::Timestamp;

use super::{LeaseId, MailId, MailStatus, Reason};

/// What became of a letter that was lent to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The letter.
    pub id: MailId,
    /// Under which lease it was tried.
    pub lease: LeaseId,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub end: MailEnd,
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailEnd {
    /// The mail server has taken it. True whoever has the letter by now.
    Sent,
    /// It cannot be sent.
    Failed(Reason),
    /// There is nothing to tell any more, or nobody to tell it to.
    Dropped(Reason),
    /// Nobody was asked to take it: the attempt does not count.
    Untried {
        /// Not before this.
        due_at: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// It is to be tried again.
    Later {
        /// Not before this.
        due_at: Timestamp,
        /// Why.
        reason: Reason,
    },
}

impl MailEnd {
    /// Where the letter stands after it.
    #[must_use]
    pub const fn status(&self) -> MailStatus {
        match self {
            Self::Sent => MailStatus::Sent,
            Self::Failed(_) => MailStatus::Failed,
            Self::Dropped(_) => MailStatus::Dropped,
            Self::Untried { .. } | Self::Later { .. } => MailStatus::Pending,
        }
    }

    /// When it is to be tried again, if it is.
    #[must_use]
    pub const fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Sent | Self::Failed(_) | Self::Dropped(_) => None,
            Self::Untried { due_at, .. } | Self::Later { due_at, .. } => Some(*due_at),
        }
    }

    /// Why it was not sent.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Sent => None,
            Self::Failed(reason)
            | Self::Dropped(reason)
            | Self::Untried { reason, .. }
            | Self::Later { reason, .. } => Some(reason),
        }
    }
}
