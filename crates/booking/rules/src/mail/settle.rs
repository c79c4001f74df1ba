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
            Self::Later { .. } => MailStatus::Pending,
        }
    }

    /// Why it was not sent.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Sent => None,
            Self::Failed(reason) | Self::Dropped(reason) | Self::Later { reason, .. } => {
                Some(reason)
            }
        }
    }
}
