//! Wire types that several endpoints answer with.

use kernel::{Ags, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::gate::estimate::{Odds, Slowed, Wait};
use waiting_room::schedule::ScheduledOpening;
use waiting_room::service::outcome::{Answer, IssuedPass};
use waiting_room::view::Standing;
use web::document::Only;

use crate::citizen::status::{RoomPhase, Texts};

/// Where a ticket stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketState {
    /// The lane that the ticket stands in, by its name in the status of the room.
    #[schema(example = "public")]
    lane: &'static str,
    /// The running number of the arrival in its lane, from 0. It never changes.
    #[schema(example = 4711)]
    entry: u64,
    /// When the entry was issued.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T05:58:12.345Z")]
    issued_at: Timestamp,
    /// Whom the ticket stands for, as 32 hexadecimal digits: its lot is drawn with it. All tickets of a
    /// person have the same one; where the room does not ask who comes, each ticket has its own.
    #[schema(example = "8c1f0e9b2d3a4c5e6f708192a3b4c5d6", pattern = "^[0-9a-f]{32}$")]
    subject: String,
    /// The epoch of the room. When its status shows a higher one later, the room may have lost something:
    /// ask with the ticket once, and the room remembers it.
    #[schema(example = 1_623_650_400)]
    epoch: u32,
    /// What the room does at the moment.
    phase: RoomPhase,
    /// The waiting room's time when it answered: compare openings with it, not with the clock of the
    /// device.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T05:59:30.000Z")]
    now: Timestamp,
    /// The next opening; null after the last.
    #[schema(required = true)]
    next_opening: Option<NextOpening>,
    /// What the operator wants everybody to know; null if there is nothing.
    #[schema(required = true)]
    message: Option<Texts>,
    /// What the ticket waits for.
    state: State,
    /// The place in line, from 0; not there before the draw, also for whoever is let in before it. Several
    /// tickets may share one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 137, nullable = false)]
    place: Option<u64>,
    /// How many places are called before this ticket; not there before the draw, 0 for a called ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 37, nullable = false)]
    ahead: Option<u64>,
    /// How long it will probably take; not there before the draw and while nothing moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    estimated_wait_s: Option<EstimatedWait>,
    /// Why it takes longer than it did, or why nothing moves; not there if there is nothing to explain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    slowed: Option<SlowedBy>,
    /// What the chances of a place are; not there as long as nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    odds: Option<Chances>,
    /// Until when a `called` ticket should be redeemed: the end of its pass, once that was given out, till
    /// when it is given again; before, the time for which the room keeps a seat in mind. Not there once that
    /// is over: the ticket stays called, and it may take longer. No other ticket has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-14T06:10:00.000Z",
    )]
    claim_until: Option<Timestamp>,
    /// When to ask again, in seconds.
    #[schema(example = 12)]
    poll_after_s: u32,
}

/// The members of a [`TicketState`] that depend on what it waits for.
pub(crate) const MEMBERS: &[Only] = &[
    Only { member: "place", of: &["waiting", "called", "used"] },
    Only { member: "ahead", of: &["waiting", "called"] },
    Only { member: "estimated_wait_s", of: &["waiting", "called"] },
    Only { member: "slowed", of: &["waiting"] },
    Only { member: "odds", of: &["waiting"] },
    Only { member: "claim_until", of: &["called"] },
];

/// What a ticket waits for: `gathering` for the draw, `waiting` for its call. A `called` ticket can be
/// redeemed for a pass. A `used` one has been, and the pass has ended. When the room is `closed`, nobody
/// is let in, for now or for good: the operator may open it again, so ask on as `poll_after_s` says.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It waits for the draw and has no place yet.
    Gathering,
    /// It stands in line.
    Waiting,
    /// It can be redeemed.
    Called,
    /// Its pass has ended: it has expired or was given back.
    Used,
    /// The room is closed, for now or for good.
    Closed,
}

/// How long it will probably take until the ticket is called or the places are gone, in seconds.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub(crate) struct EstimatedWait {
    /// If it goes well.
    #[schema(example = 30)]
    low: u64,
    /// If it goes slowly.
    #[schema(example = 60)]
    high: u64,
}

/// Why it takes longer: the operator has `paused` the room; the booking system is busy, so fewer people
/// are let in (`booking_slow`); or the places may be gone before (`places_short`).
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SlowedBy {
    Paused,
    BookingSlow,
    PlacesShort,
}

/// Whether there will be a place when it is this ticket's turn: there are clearly more places than people
/// before it (`likely`), it depends on how many come and how many places they take (`possible`), or only
/// if more people than usual change their minds (`unlikely`).
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Chances {
    Likely,
    Possible,
    Unlikely,
}

impl From<Wait> for EstimatedWait {
    fn from(wait: Wait) -> Self {
        Self { low: wait.low_s, high: wait.high_s }
    }
}

impl From<Slowed> for SlowedBy {
    fn from(slowed: Slowed) -> Self {
        match slowed {
            Slowed::Paused => Self::Paused,
            Slowed::BookingSlow => Self::BookingSlow,
            Slowed::PlacesShort => Self::PlacesShort,
        }
    }
}

impl From<Odds> for Chances {
    fn from(odds: Odds) -> Self {
        match odds {
            Odds::Likely => Self::Likely,
            Odds::Possible => Self::Possible,
            Odds::Unlikely => Self::Unlikely,
        }
    }
}

impl From<&Answer> for TicketState {
    fn from(answer: &Answer) -> Self {
        let view = &*answer.view;
        let mut wire = Self {
            lane: answer.lane.name(),
            entry: answer.entry,
            issued_at: answer.issued_at,
            subject: hex(answer.subject.as_bytes()),
            epoch: answer.epoch,
            phase: view.phase.into(),
            now: answer.now,
            next_opening: view.next_opening().map(NextOpening::from),
            message: view.state.memory.live.message.as_ref().map(Texts::from),
            state: State::Gathering,
            place: answer.standing.place(),
            ahead: None,
            estimated_wait_s: None,
            slowed: None,
            odds: None,
            claim_until: answer.claim_until,
            poll_after_s: answer.poll_after_s,
        };
        match answer.standing {
            Standing::Gathering { opens_at: _ } => (),
            Standing::Waiting { place: _, ahead, estimate } => {
                wire.state = State::Waiting;
                wire.ahead = Some(ahead);
                wire.estimated_wait_s = estimate.wait.map(EstimatedWait::from);
                wire.slowed = estimate.slowed.map(SlowedBy::from);
                wire.odds = estimate.odds.map(Chances::from);
            }
            Standing::Called { .. } | Standing::Admitted => {
                wire.state = State::Called;
                wire.ahead = Some(0);
                wire.estimated_wait_s = Some(EstimatedWait { low: 0, high: 0 });
            }
            Standing::Used { place: _ } => wire.state = State::Used,
            Standing::Closed => wire.state = State::Closed,
        }
        wire
    }
}

fn hex(bytes: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*bytes))
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

/// One of the municipalities that share a postcode.
#[derive(Serialize, ToSchema)]
pub(crate) struct MunicipalityToChoose {
    /// Its official key.
    #[schema(value_type = String, example = "07318000")]
    pub(crate) ags: Ags,
    /// Its name.
    #[schema(example = "Speyer")]
    pub(crate) name: String,
}

/// An opening that is still to come.
#[derive(Serialize, ToSchema)]
pub(crate) struct NextOpening {
    /// Its number in the room, from 0.
    #[schema(example = 0)]
    index: usize,
    /// When the draw is held and the first are called. The operator can move it.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:00.000Z")]
    opens_at: Timestamp,
    /// Whether the operator holds it back: then it does not open at `opens_at`, and nobody knows when. Ask again.
    #[schema(example = false)]
    held: bool,
    /// From here on arrivals gather for its draw.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T05:00:00.000Z")]
    gathers_from: Timestamp,
}

impl From<(usize, &ScheduledOpening)> for NextOpening {
    fn from((index, opening): (usize, &ScheduledOpening)) -> Self {
        let opens_at = opening.opens_at.unwrap_or(opening.planned_at);
        let gathers_from = opening.gathers_from.unwrap_or(opens_at);
        Self { index, opens_at, held: opening.is_held, gathers_from }
    }
}
