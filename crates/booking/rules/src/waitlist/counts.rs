//! How many wait, and why nobody is called.

use kernel::Timestamp;
use serde::Serialize;

use crate::campaign::Campaign;

/// The waitlist of a campaign in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WaitlistCounts {
    /// Persons who wait and have no open offer.
    pub waiting: u32,
    /// Open offers, overdue ones among them. Each is that of somebody else who waits.
    pub offered: u32,
    /// Places kept for those who wait, over all slots.
    pub reserved: u32,
    /// The number of the entry made last; 0 before the first.
    pub last_number: u64,
}

impl WaitlistCounts {
    /// Everybody who waits, with or without an offer.
    #[must_use]
    pub const fn demand(&self) -> u32 {
        self.waiting.saturating_add(self.offered)
    }

    /// Places that may be reserved besides: one for each person who waits.
    #[must_use]
    pub const fn unreserved(&self) -> u32 {
        self.demand().saturating_sub(self.reserved)
    }
}

/// Why nobody on a waitlist is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNobodyIsCalled {
    /// Booking has ended.
    Closed,
    /// What comes back is everybody's.
    OpenToPublic,
    /// The waitlist calls nobody any more.
    Stopped,
    /// The waitlist has not opened yet, or there is none.
    NotOpen,
    /// Nobody waits.
    NobodyWaits,
    /// Everybody who waits has an offer.
    AllOffered,
    /// It is night.
    QuietHours,
    /// There is no place that could be offered.
    NoPlaceFree,
    /// A place is left, and nobody who waits may have it and wants it. Only a call-up knows, which looks at them.
    NobodyMayOrWants,
}

impl WhyNobodyIsCalled {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::OpenToPublic => "open_to_public",
            Self::Stopped => "stopped",
            Self::NotOpen => "not_open",
            Self::NobodyWaits => "nobody_waits",
            Self::AllOffered => "all_offered",
            Self::QuietHours => "quiet_hours",
            Self::NoPlaceFree => "no_place_free",
            Self::NobodyMayOrWants => "nobody_may_or_wants",
        }
    }
}

impl Campaign {
    /// Why nobody on the waitlist is called at `now`, where so many places can be booked by everybody;
    /// `None` if people are called, or would be if there is one who may have a place and wants it.
    #[must_use]
    pub fn why_nobody_is_called(
        &self,
        counts: &WaitlistCounts,
        places_bookable: u64,
        now: Timestamp,
    ) -> Option<WhyNobodyIsCalled> {
        let Some(waitlist) = &self.waitlist else { return Some(WhyNobodyIsCalled::NotOpen) };
        let is_open = waitlist.opens_at.is_none_or(|opens_at| opens_at <= now);
        let offers_max = u64::from(waitlist.offers_max(counts.reserved));
        let reasons = [
            (self.is_closed(now), WhyNobodyIsCalled::Closed),
            (waitlist.open_rest_to_public, WhyNobodyIsCalled::OpenToPublic),
            (self.waitlist_stops_at() <= now, WhyNobodyIsCalled::Stopped),
            (!is_open, WhyNobodyIsCalled::NotOpen),
            (counts.demand() == 0, WhyNobodyIsCalled::NobodyWaits),
            (counts.waiting == 0, WhyNobodyIsCalled::AllOffered),
            (self.is_quiet(now), WhyNobodyIsCalled::QuietHours),
            (
                offers_max + places_bookable <= u64::from(counts.offered),
                WhyNobodyIsCalled::NoPlaceFree,
            ),
        ];
        reasons.into_iter().find(|(is_so, _)| *is_so).map(|(_, why)| why)
    }
}
