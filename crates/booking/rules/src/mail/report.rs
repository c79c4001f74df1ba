//! What is reported of a letter that was sent.

use super::{MailId, Reason};

/// That a letter came back, or is not wanted. Anybody can write such a thing, so what it says is believed of the mail
/// alone, never of a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailReport {
    /// The letter.
    pub id: MailId,
    /// What became of it: a code of RFC 3463, or [`Reason::COMPLAINT`].
    pub reason: Reason,
}

impl MailReport {
    /// The longest report of a mail server that is read, in bytes: it brings the whole letter back.
    pub const MESSAGE_LENGTH_MAX: usize = 256 * 1024;
}
