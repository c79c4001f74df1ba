//! What the store keeps of a room: a handful of numbers, whatever the crowd.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::draw::Secret;
use crate::gate::Ledger;

/// One reading of a room's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomState {
    /// Grows whenever the store forgot the room and an instance restored it from memory.
    pub epoch: u32,
    /// Entries issued so far; the next one gets this number.
    pub entered: u64,
    /// Places called so far.
    pub called: u64,
    /// The boundaries frozen so far, in order; see [`crate::line::Line`].
    pub frozen: Vec<Frozen>,
    /// The gate's own notes.
    pub ledger: Ledger,
    /// Passes that are alive.
    pub active: u32,
    /// Places redeemed among those from [`Ledger::claim_from`] up to [`Self::called`].
    pub redeemed_in_claim_window: u64,
    /// The pace of admissions, in microseconds since the Unix epoch; see [`crate::pace::Pace`].
    pub admission_tat_us: i64,
    /// What the booking API last reported.
    pub places_left: Option<PlacesLeft>,
}

/// A boundary of the line: the entries issued when its instant was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// The first entry behind the boundary.
    pub entry: u64,
    /// When it was frozen.
    pub at: Timestamp,
    /// The secret it revealed, if the boundary is a draw.
    pub secret: Option<Secret>,
}

/// How many places the booking API could still give away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacesLeft {
    /// The number of places.
    pub count: u32,
    /// When the booking API counted.
    pub as_of: Timestamp,
}

/// What an instance has seen for certain. A store that knows less has forgotten something, and
/// heals by taking the larger number (P8, P12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    /// No entry below this number may be issued again.
    pub entered: u64,
    /// Places below this number have been called.
    pub called: u64,
}

impl RoomState {
    /// A new room, before anybody came.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            epoch: 0,
            entered: 0,
            called: 0,
            frozen: Vec::new(),
            ledger: Ledger::default(),
            active: 0,
            redeemed_in_claim_window: 0,
            admission_tat_us: 0,
            places_left: None,
        }
    }
}
