//! The waitlist: people without a place, and what is offered to them.

pub(crate) mod accept;
pub(crate) mod decline;
pub(crate) mod join;
pub(crate) mod leave;
pub(crate) mod show;
pub(crate) mod status;

use booking::WhyNobodyIsCalled;
use serde::Serialize;
use utoipa::ToSchema;

/// Why nobody on a waitlist is called.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WhyNobodyIsCalled)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WhyNobody {
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
}

impl WhyNobody {
    /// `None` for what only a call-up knows.
    pub(crate) const fn of(why: WhyNobodyIsCalled) -> Option<Self> {
        Some(match why {
            WhyNobodyIsCalled::Closed => Self::Closed,
            WhyNobodyIsCalled::OpenToPublic => Self::OpenToPublic,
            WhyNobodyIsCalled::Stopped => Self::Stopped,
            WhyNobodyIsCalled::NotOpen => Self::NotOpen,
            WhyNobodyIsCalled::NobodyWaits => Self::NobodyWaits,
            WhyNobodyIsCalled::AllOffered => Self::AllOffered,
            WhyNobodyIsCalled::QuietHours => Self::QuietHours,
            WhyNobodyIsCalled::NoPlaceFree => Self::NoPlaceFree,
            WhyNobodyIsCalled::NobodyMayOrWants => return None,
        })
    }
}
