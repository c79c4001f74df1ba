//! Sending a confirmation again. Pure.

use std::time::Duration;

use kernel::Timestamp;

use super::{Mail, MailId, MailKind, MailStatus};

/// How often the confirmation of one booking can be asked for again.
pub const COPIES_MAX: u8 = 3;

/// How long it takes until it can be asked for once more.
pub const PAUSE: Duration = Duration::from_mins(5);

/// What is done when somebody asks for the confirmation of a booking again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This letter is kept.
    Send(MailId),
    /// One is on its way already.
    UnderWay,
    /// Not before this.
    TooSoon(Timestamp),
    /// Not again.
    TooOften,
}

/// What is done when the confirmation is asked for again at `now`, given the letters of the booking. A copy
/// has an id of its own: mail programs show what they have seen only once.
#[must_use]
pub fn judge(mails: &[Mail], now: Timestamp) -> Verdict {
    let is_under_way =
        |mail: &Mail| mail.status == MailStatus::Pending && mail.id.kind != MailKind::Reminder;
    if mails.iter().any(is_under_way) {
        return Verdict::UnderWay;
    }
    let confirmed = mails.iter().filter(|mail| mail.id.kind == MailKind::Confirmed);
    // Without it the reader has not come by yet: it is about to make the confirmation itself.
    let Some(last) = confirmed.max_by_key(|mail| mail.id.copy) else { return Verdict::UnderWay };
    if last.id.copy >= COPIES_MAX {
        return Verdict::TooOften;
    }
    let from = last.made_at.plus(PAUSE);
    if last.id.copy > 0 && now < from {
        return Verdict::TooSoon(from);
    }
    Verdict::Send(MailId { copy: last.id.copy + 1, ..last.id.clone() })
}
