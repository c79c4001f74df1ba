//! Mail: what a person is told of their booking or their waiting, as letters that are kept until they are sent.
//!
//! The chain of events is the outbox (P19): nothing is added to what books a place. A reader goes along
//! the chain of each campaign and, in one transaction, keeps the letters that [`follow`] from a page of
//! it and how far it has read. So a letter is made at least once and known by its [`MailId`], and never
//! for what was rolled back.
//!
//! A letter has no text and no address: whoever sends it looks up what it is about. There is one exception. A
//! cancelled booking has forgotten whose it was, so its letter takes the person along, in the transaction
//! that erases them there, and loses them when it is settled. Whoever wants to be forgotten is in no letter.

mod about;
mod follow;
mod id;
mod reason;
pub mod resend;
mod settle;
mod standing;
mod store;

use kernel::Timestamp;

pub use about::MailAbout;
pub use follow::{MailRules, NewMail, follow, of_cancellations};
pub use id::{MailId, MailKind};
pub use reason::Reason;
pub use settle::{MailEnd, Settlement};
pub use standing::{MailStanding, MailState};
pub use store::{Followed, Lease, LeaseId, MailStore, Resent};

use crate::person::Person;

/// A letter as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// What it is known by.
    pub id: MailId,
    /// What it is about.
    pub about: MailAbout,
    /// When what it tells has happened, or when it was asked for again.
    pub made_at: Timestamp,
    /// Nobody sends it before this.
    pub due_at: Timestamp,
    /// How often somebody began to send it.
    pub attempts: u32,
    /// Where it stands.
    pub status: MailStatus,
    /// When it came to stand there; `None` while it is pending.
    pub settled_at: Option<Timestamp>,
    /// Why it was not sent, or not yet.
    pub reason: Option<Reason>,
    /// The person of a booking that has forgotten them.
    pub recipient: Option<Person>,
}

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailStatus {
    /// It is to be sent.
    Pending,
    /// The mail server has taken it.
    Sent,
    /// It cannot be sent.
    Failed,
    /// It was sent, and reported as not delivered, or as unwanted.
    Bounced,
    /// There is nothing to tell any more, or nobody to tell it to.
    Dropped,
}

impl MailStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Sent, Self::Failed, Self::Bounced, Self::Dropped];

    /// The name, as stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Bounced => "bounced",
            Self::Dropped => "dropped",
        }
    }

    /// The status of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}
