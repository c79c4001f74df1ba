//! What a letter is known by.

use std::fmt;
use std::str::FromStr;

use kernel::{CampaignId, InvalidId};

/// What a letter is known by: the event from which it follows, of which kind it is, and which copy. A
/// repetition of any step has the same, so it adds nothing, and a receiver can tell that it is the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailId {
    /// The campaign.
    pub campaign: CampaignId,
    /// The number of the event.
    pub number: u64,
    /// What it tells.
    pub kind: MailKind,
    /// 0 for the letter itself; 1, 2 … for those that were asked for again.
    pub copy: u8,
}

/// What a letter tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MailKind {
    // In the order of their names, in which stores list them, too.
    /// The booking was cancelled.
    Cancelled,
    /// The person has a place.
    Confirmed,
    /// The booking is for this person now, or their data are others.
    Corrected,
    /// The link that was lost, with another token.
    Link,
    /// The booking is in another slot.
    Moved,
    /// Whoever waits is offered a place until a deadline.
    Offer,
    /// The appointment is near.
    Reminder,
    /// The person waits for a place.
    Waitlisted,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Cancelled,
        Self::Confirmed,
        Self::Corrected,
        Self::Link,
        Self::Moved,
        Self::Offer,
        Self::Reminder,
        Self::Waitlisted,
    ];

    /// The name, as stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Moved => "moved",
            Self::Corrected => "corrected",
            Self::Cancelled => "cancelled",
            Self::Reminder => "reminder",
            Self::Link => "link",
            Self::Offer => "offer",
            Self::Waitlisted => "waitlisted",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Letters of a lower rank are sent first: what has a deadline of minutes, then what somebody waits for,
    /// then what comes by itself.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Offer => 0,
            Self::Confirmed
            | Self::Moved
            | Self::Corrected
            | Self::Cancelled
            | Self::Link
            | Self::Waitlisted => 1,
            Self::Reminder => 2,
        }
    }

    /// How many ranks there are.
    pub const RANKS: u8 = 3;
}

impl MailId {
    /// The letter of this `Message-ID`, with its angle brackets or without; `None` if it is none of ours, which are from
    /// `domain`.
    #[must_use]
    pub fn of_message_id(text: &str, domain: &str) -> Option<Self> {
        let text = text.trim();
        let bare = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        let (id, from) = bare.unwrap_or(text).rsplit_once('@')?;
        from.eq_ignore_ascii_case(domain).then(|| id.parse().ok())?
    }
}

/// Writes `speyer-2021-06-20.17.confirmed.0`, of which no part has a full stop.
impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { campaign, number, kind, copy } = self;
        write!(f, "{campaign}.{number}.{}.{copy}", kind.as_str())
    }
}

impl FromStr for MailId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.');
        let mut next = || parts.next().unwrap_or_default();
        let (campaign, number, kind, copy) = (next(), next(), next(), next());
        let read = || {
            Some(Self {
                campaign: campaign.parse().ok()?,
                number: number.parse().ok()?,
                kind: MailKind::from_name(kind)?,
                copy: copy.parse().ok()?,
            })
        };
        // Only what it would write itself.
        read().filter(|id| id.to_string() == text).ok_or_else(|| InvalidId {
            text: text.chars().take(64).collect(),
            expected: "the id of a letter, such as speyer.17.confirmed.0",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_wrote() {
        for (number, kind) in (1..).zip(MailKind::ALL) {
            let campaign = "speyer-2021-06-20".parse().expect("a name");
            let id = MailId { campaign, number, kind, copy: 3 };
            assert_eq!(id.to_string().parse(), Ok(id));
            assert!(kind.rank() < MailKind::RANKS);
        }
        for bad in ["", "a.1.confirmed", "a.01.confirmed.0", "a.1.confirmed.0.", "a.1.danced.0"] {
            assert!(bad.parse::<MailId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_letter_of_another_domain_is_none_of_ours() {
        let read = |text: &str| MailId::of_message_id(text, "speyer.example");
        let id = "speyer-2021-06-20.17.confirmed.0";
        for ours in [
            format!("<{id}@speyer.example>"),
            format!(" {id}@speyer.example"),
            format!("<{id}@Speyer.Example>"),
        ] {
            assert_eq!(read(&ours).map(|found| found.to_string()).as_deref(), Some(id), "{ours}");
        }
        for foreign in [
            format!("<{id}@worms.example>"),
            format!("<{id}@mail.speyer.example>"),
            format!("<{id}@>"),
            id.to_owned(),
            "<x@speyer.example>".to_owned(),
        ] {
            assert_eq!(read(&foreign), None, "{foreign}");
        }
    }
}
