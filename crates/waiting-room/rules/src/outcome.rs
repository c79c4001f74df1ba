//! What the use cases answer. Expected refusals are outcomes; only what prevents one is an error.

use kernel::{Municipality, SubmitError, Timestamp};

use crate::view::Standing;

/// Why a request got no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// There is no such room.
    #[error("there is no such room")]
    UnknownRoom,
    /// The ticket is not a valid ticket of this room.
    #[error("the ticket is not valid in this room")]
    TicketInvalid,
    /// The pass is not a valid pass of this room.
    #[error("the pass is not valid in this room")]
    PassInvalid,
    /// Too many requests wait already; nothing was done (P14).
    #[error("too many requests are waiting")]
    Overloaded,
    /// The store gives no answer; the request may be repeated.
    #[error("the room store is unavailable")]
    Unavailable,
}

impl From<SubmitError> for RoomError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Full => Self::Overloaded,
            SubmitError::ShuttingDown | SubmitError::Lost => Self::Unavailable,
        }
    }
}

/// What joining came to.
#[derive(Clone, Debug)]
pub enum Joined {
    /// A new entry.
    New(Answer),
    /// The entry of the presented ticket.
    Known(Answer),
    /// May not book here.
    NotEligible(Option<Municipality>),
    /// The postcode covers several municipalities: which one?
    MunicipalityRequired(Vec<Municipality>),
    /// The municipality does not have this postcode.
    MunicipalityMismatch,
    /// The room is announced; arrivals gather from this instant on.
    NotOpenYet {
        /// When joining becomes possible.
        gathers_from: Timestamp,
    },
    /// The room is over.
    Closed,
}

/// The state of a ticket, for its holder.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The ticket's text.
    pub ticket: String,
    /// Its entry.
    pub entry: u64,
    /// Where it stands.
    pub standing: Standing,
    /// When to ask again.
    pub poll_after_s: u32,
    /// The pass, if it was admitted at once.
    pub pass: Option<IssuedPass>,
}

/// A pass and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedPass {
    /// The signed pass.
    pub pass: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// What redeeming came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redemptions {
    /// Here it is; a repetition gets the same.
    Pass(IssuedPass),
    /// The place is not called yet, or everything is busy for a moment.
    NotYourTurn {
        /// When to ask again.
        retry_after_s: u32,
    },
    /// The ticket's one pass is used up.
    Used,
}
