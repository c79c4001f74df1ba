//! Where a ticket stands, as one instance sees it.

use kernel::Timestamp;

use crate::gate::estimate::Estimate;

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for a draw and has no place yet.
    Gathering {
        /// The instant of the draw; `None` while the operator holds it back.
        opens_at: Option<Timestamp>,
    },
    /// It stands in line.
    Waiting {
        /// Its place.
        place: u64,
        /// How many places are called before it.
        ahead: u64,
        /// How long that will probably take, and what its chances are.
        estimate: Estimate,
    },
    /// It may be redeemed.
    Called {
        /// Its place.
        place: u64,
    },
    /// It was let in on arrival while others gathered for a draw, and its place is not called.
    Admitted,
    /// Its pass has ended, and it is the only one of its subject.
    Used {
        /// Its place, if it has one.
        place: Option<u64>,
    },
    /// The room is over.
    Closed,
}

impl Standing {
    /// The place in line, once there is one.
    #[must_use]
    pub const fn place(self) -> Option<u64> {
        match self {
            Self::Waiting { place, .. } | Self::Called { place } => Some(place),
            Self::Used { place } => place,
            Self::Gathering { .. } | Self::Admitted | Self::Closed => None,
        }
    }
}
