//! Wire types that several endpoints answer with.

use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::outcome::{Answer, IssuedPass};
use waiting_room::settings::Opening;
use waiting_room::view::{Standing, Wait};

/// Where a ticket stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketState {
    /// The running number of the arrival, from 0. It never changes.
    #[schema(example = 4711)]
    entry: u64,
    state: State,
    /// The place in line, from 0; null before the draw. Once there, it never changes.
    #[schema(example = 137, required = true)]
    place: Option<u64>,
    /// How many are called before this ticket; null before the draw, 0 for a called ticket.
    #[schema(example = 37, required = true)]
    ahead: Option<u64>,
    #[schema(required = true)]
    estimated_wait_s: Option<EstimatedWait>,
    /// When to ask again, in seconds.
    #[schema(example = 12)]
    poll_after_s: u32,
}

/// What a ticket waits for: `gathering` for the draw, `waiting` for its call. A `called` ticket can be
/// redeemed for a pass.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It waits for the draw and has no place yet.
    Gathering,
    /// It stands in line.
    Waiting,
    /// It can be redeemed.
    Called,
}

/// How long it will probably take until the call, in seconds; null before the draw and while nothing
/// moves.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub(crate) struct EstimatedWait {
    /// If it goes well.
    #[schema(example = 30)]
    low: u64,
    /// If it goes slowly.
    #[schema(example = 60)]
    high: u64,
}

impl From<Wait> for EstimatedWait {
    fn from(wait: Wait) -> Self {
        Self { low: wait.low_s, high: wait.high_s }
    }
}

impl From<&Answer> for TicketState {
    fn from(answer: &Answer) -> Self {
        let (state, place, ahead, estimated_wait_s) = match answer.standing {
            Standing::Gathering { opens_at: _ } => (State::Gathering, None, None, None),
            Standing::Waiting { place, ahead, wait } => {
                (State::Waiting, Some(place), Some(ahead), wait.map(EstimatedWait::from))
            }
            Standing::Called { place } => {
                let now = EstimatedWait { low: 0, high: 0 };
                (State::Called, Some(place), Some(0), Some(now))
            }
        };
        Self {
            entry: answer.entry,
            state,
            place,
            ahead,
            estimated_wait_s,
            poll_after_s: answer.poll_after_s,
        }
    }
}

/// A pass and its end.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pass {
    /// The signed pass (JWT), to be shown to the booking API as a bearer token.
    #[schema(example = "eyJ0eXAiOiJhZG0rand0IiwiYWxnIjoiRWREU0EiLCJraWQiOiI…")]
    pass: String,
    /// When it expires.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:15:00.000Z")]
    expires_at: Timestamp,
}

impl From<IssuedPass> for Pass {
    fn from(issued: IssuedPass) -> Self {
        let IssuedPass { pass, expires_at } = issued;
        Self { pass, expires_at }
    }
}

/// An opening that is still to come.
#[derive(Serialize, ToSchema)]
pub(crate) struct NextOpening {
    /// Its number in the room, from 0.
    #[schema(example = 0)]
    index: usize,
    /// When the draw is held and the first are called.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:00.000Z")]
    opens_at: Timestamp,
    /// From here on arrivals gather for its draw.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T05:00:00.000Z")]
    gathers_from: Timestamp,
}

impl From<(usize, &Opening)> for NextOpening {
    fn from((index, opening): (usize, &Opening)) -> Self {
        Self { index, opens_at: opening.opens_at, gathers_from: opening.gathers_from }
    }
}
