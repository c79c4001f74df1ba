//! Where letters are handed to.

mod folder;
mod smtp;

use async_trait::async_trait;
use booking::Reason;

pub use folder::Folder;
pub use smtp::{Credentials, Security, Smtp, SmtpServer};

use crate::letter::Letter;

/// Hands letters over, one after the other. A caller may drop a call; the next one begins afresh.
#[async_trait]
pub trait Transport: Send {
    /// Hands a letter over.
    async fn hand_over(&mut self, letter: &Letter) -> HandedOver;
}

/// What came of handing a letter over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedOver {
    /// It was taken.
    Taken,
    /// It will never be taken: the receiver is not known, or the letter is not wanted.
    Refused(Reason),
    /// It was not taken this time.
    NotNow(Reason),
    /// Nothing is taken now, whatever the letter.
    Unreachable(Reason),
}
