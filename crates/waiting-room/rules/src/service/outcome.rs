//! What the use cases answer. Expected refusals are outcomes; only what prevents one is an error.

use std::sync::Arc;

use kernel::{Municipality, SubmitError, Timestamp};
use pass::identity::FieldProblem;
use pass::{Claims, IdentityKind, Subject};

use crate::lane::Lane;
use crate::resume::ResumeCode;
use crate::view::{RoomView, Standing};

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
    /// The room has lost something and listens to tickets until then; nothing was done.
    #[error("the room issues no entries for {for_s} seconds")]
    Quiet {
        /// When it goes on, in seconds from now.
        for_s: u64,
    },
}

impl From<SubmitError<RoomError>> for RoomError {
    fn from(error: SubmitError<RoomError>) -> Self {
        match error {
            SubmitError::Full | SubmitError::Shed => Self::Overloaded,
            SubmitError::Away | SubmitError::ShuttingDown | SubmitError::Lost => Self::Unavailable,
            SubmitError::Failed(error) => error,
        }
    }
}

/// What joining came to.
#[derive(Clone, Debug)]
pub enum JoinOutcome {
    /// A new entry, or the one that the same request got before.
    New(Answer),
    /// The entry of the presented ticket.
    Known(Answer),
    /// The client's key was used to ask for something else.
    KeyReused,
    /// The priority code is no good; nothing was done.
    CodeRefused(CodeRefusal),
    /// May not book here.
    NotEligible(Option<Municipality>),
    /// The room asks where people live, and nothing was said.
    ResidenceRequired,
    /// The postcode covers several municipalities: which one?
    MunicipalityRequired(Vec<Municipality>),
    /// The municipality does not have this postcode.
    MunicipalityMismatch,
    /// The room asks for something else at the door than was given.
    IdentityRequired(IdentityKind),
    /// What was given cannot be right.
    IdentityMistaken(Vec<IdentityMistake>),
    /// The room is announced; arrivals gather from this instant on.
    NotOpenYet {
        /// When joining becomes possible.
        gathers_from: Timestamp,
    },
    /// The room is over.
    Closed,
}

/// Why a priority code is no good. Only whoever has a code that was issued learns what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeRefusal {
    /// It is no code of this line.
    Invalid,
    /// Somebody has joined with it.
    Used,
    /// The operator has revoked it.
    Revoked,
}

/// A part of the given identity that cannot be right, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityMistake {
    /// Given name or names.
    GivenName(FieldProblem),
    /// Family name.
    FamilyName(FieldProblem),
    /// The date of birth.
    DateOfBirth(FieldProblem),
    /// The e-mail address.
    Email(FieldProblem),
}

/// The state of a ticket, for its holder.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The ticket's text. It is signed anew when there is more for it to prove.
    pub ticket: String,
    /// Whether the text differs from the one that was presented.
    pub is_renewed: bool,
    /// The room as it is answered from.
    pub view: Arc<RoomView>,
    /// The store's time of the answer.
    pub now: Timestamp,
    /// The room's epoch: when it rises, the ticket should be presented once.
    pub epoch: u32,
    /// The lane it stands in.
    pub lane: Lane,
    /// Its entry.
    pub entry: u64,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Who it stands for: what its lot is drawn with.
    pub subject: Subject,
    /// Where it stands.
    pub standing: Standing,
    /// Until when the pass should be taken, for whoever may take it; see [`RoomView::claim_until`].
    pub claim_until: Option<Timestamp>,
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
pub enum RedeemOutcome {
    /// Here it is; a repetition gets the same.
    Pass {
        /// The pass.
        pass: IssuedPass,
        /// The ticket signed anew: it proves that the pass was given out, and when it ends.
        ticket: String,
    },
    /// The place is not called yet, or everything is busy for a moment.
    NotYourTurn {
        /// When to ask again.
        retry_after_s: u32,
    },
    /// The one pass of the ticket's subject is used up.
    Used {
        /// The ticket signed anew, which proves that.
        ticket: String,
    },
    /// The room is over.
    Closed,
}

/// A code with which another device gets the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedResumeCode {
    /// The code.
    pub code: ResumeCode,
    /// Until when it opens something.
    pub expires_at: Timestamp,
}

/// Whether a request may go on to what the room stands in front of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// It may: this is its pass.
    Pass(Claims),
    /// It may not, until its sender has a pass.
    Refused(NoPass),
    /// It has no pass, and nobody could get one now: the operator has said what to do then.
    Undecided(Undecided),
}

/// Why a request has no pass. A later reason is told rather than an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoPass {
    /// It brings none.
    Missing,
    /// What it brings was not signed here, or was changed.
    Invalid,
    /// Its pass is for another room.
    OtherRoom,
    /// Its pass is over.
    Expired,
    /// Its pass was given back, or has done all it could.
    GivenBack,
}

/// Why nobody could get a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// This instance does not serve the room: there is none, or the store has not been reached yet.
    NotServed,
    /// The store has not answered for long.
    StoreSilent(NoPass),
}

/// What leaving came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveOutcome {
    /// The pass is ended.
    Left,
    /// A booking API reports for this room: there the pass is given back, since only there nothing new
    /// can begin with it.
    LeaveAtBooking,
}
