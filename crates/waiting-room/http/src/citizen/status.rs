//! `GET /v1/rooms/{room}`: what everybody may know of a room.
//!
//! It is the same for all but for the time, so it is written once whenever the view of the room is
//! renewed; a request only adds the time. It has all from which whoever holds a ticket computes where it stands
//! (`docs/adr/0046`), so those who wait behind a cache ask the cache alone.

mod draw;
mod line;
mod news;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use arc_swap::ArcSwap;
use kernel::Timestamp;
use pass::IdentityKind;
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::RoomId;
use waiting_room::lane::Lane;
use waiting_room::live::Message;
use waiting_room::settings::RoomSettings;
use waiting_room::view::{Phase, RoomView};
use web::{Problem, TimedBody};

use crate::app::App;
use crate::refusal::{self, RoomInPath};
use crate::wire::NextOpening;

use draw::DrawData;
use line::{Gathering, Intervals, LaneStatus, Prospects};
pub(crate) use news::News;

/// A view is a few hundred milliseconds old at most; caches may add a second. While they renew what they have, and while
/// nobody answers them, they repeat it. A browser asks each time: its own copy would be as old as its last question.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static(
    "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=60",
);

/// The public status of a room.
#[derive(Serialize, ToSchema)]
struct RoomStatus<'a> {
    /// The name of the room, which is its campaign's.
    #[schema(example = "speyer-2021-06-20")]
    room: &'a str,
    /// Which line of this name it is, from 1. A ticket of another one is worth nothing.
    #[schema(example = 1)]
    incarnation: u32,
    /// The epoch of the room. When it is higher than in the last answer, the room may have lost something:
    /// ask with the ticket once, and the room remembers it.
    #[schema(example = 1_623_650_400)]
    epoch: u32,
    /// The title of the campaign.
    title: Texts,
    /// What the room does at the moment.
    phase: RoomPhase,
    /// The waiting room's time when it answered: compare openings with it, not with the clock of the
    /// device. An answer from a cache is as old as its header `Age` says.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T05:59:30.000Z")]
    now: Timestamp,
    /// The next opening; null after the last.
    #[schema(required = true)]
    next_opening: Option<NextOpening>,
    /// How many have joined the public lane so far.
    #[schema(example = 20_000)]
    entered: u64,
    /// How many places of the public lane have been called so far: a ticket whose place is below it is called.
    #[schema(example = 137)]
    called: u64,
    /// The lanes by name: `public`, and those in which somebody has an entry.
    lanes: BTreeMap<&'static str, LaneStatus>,
    /// Whether the room asks whoever joins where they live.
    asks_residence: bool,
    /// What the room asks of whoever joins.
    identity: Asked,
    /// The public source of chance that goes into every draw, as announced; null if there is none.
    #[schema(required = true, example = "Lotto 6 aus 49 vom 12. Juni 2021")]
    public_entropy: Option<&'a str>,
    /// The draw of every opening, in order.
    draws: Vec<DrawData>,
    /// Who gathers for the next draw; null if nobody does.
    #[schema(required = true)]
    gathering: Option<Gathering>,
    /// The last boundary at which the entries were counted: twice the number of an opening for the start of
    /// its gathering, one more for the opening itself; null before the first.
    #[schema(required = true, example = 1)]
    last_boundary: Option<u16>,
    /// What the estimates of all who wait are made from.
    prospects: Prospects,
    /// How many are admitted per minute at most.
    #[schema(example = 600)]
    pace_per_minute: u32,
    /// How many places the booking service could give away at once; null until it has counted since the
    /// last opening, once its last count is more than a minute old, and while arrivals gather for new
    /// places and none of the earlier ones is left.
    #[schema(example = 840, required = true)]
    places_left: Option<u32>,
    /// When to ask again, in seconds.
    #[schema(example = 2)]
    poll_after_s: u32,
    /// When whoever computes from this where they stand should read it again.
    intervals: Intervals,
    /// What the operator wants everybody to know; null if there is nothing.
    #[schema(required = true)]
    message: Option<Texts>,
}

/// A text for people, in both languages.
#[derive(Serialize, ToSchema)]
pub(crate) struct Texts {
    /// German.
    #[schema(example = "Impfaktion am 20. Juni")]
    de: String,
    /// English.
    #[schema(example = "Vaccination drive on 20 June")]
    en: String,
}

impl Texts {
    /// The title of a room's campaign.
    pub(crate) fn title(settings: &RoomSettings) -> Self {
        Self { de: settings.title_de.clone(), en: settings.title_en.clone() }
    }
}

impl From<&Message> for Texts {
    fn from(Message { de, en }: &Message) -> Self {
        Self { de: de.clone(), en: en.clone() }
    }
}

/// What the room does: it is `announced` before anybody can join; arrivals are `gathering` for a draw; it
/// is `open` while places are called, and `paused` while the operator has stopped that; it is `sold_out`
/// while nothing can be booked, though places may come back; and finally it is `closed`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoomPhase {
    Announced,
    Gathering,
    Open,
    Paused,
    SoldOut,
    Closed,
}

/// What a room asks of whoever joins, besides the residence: `none`, nothing; `person`, names and date of
/// birth; `email`, the e-mail address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Asked {
    None,
    Person,
    Email,
}

impl From<IdentityKind> for Asked {
    fn from(kind: IdentityKind) -> Self {
        match kind {
            IdentityKind::None => Self::None,
            IdentityKind::Person => Self::Person,
            IdentityKind::Email => Self::Email,
        }
    }
}

impl From<Phase> for RoomPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Announced => Self::Announced,
            Phase::Gathering => Self::Gathering,
            Phase::Open => Self::Open,
            Phase::Paused => Self::Paused,
            Phase::SoldOut => Self::SoldOut,
            Phase::Closed => Self::Closed,
        }
    }
}

impl<'a> RoomStatus<'a> {
    fn of(view: &'a RoomView) -> Self {
        let settings = &*view.settings;
        let memory = &view.state.memory;
        let draws = settings.openings.iter().enumerate();
        Self {
            room: settings.room.as_str(),
            incarnation: settings.incarnation,
            epoch: view.state.memory.epoch,
            asks_residence: settings.asks_residence(),
            identity: settings.identity.into(),
            public_entropy: settings.public_entropy.as_deref(),
            title: Texts::title(settings),
            phase: view.phase.into(),
            now: Timestamp::default(),
            next_opening: view.next_opening().map(NextOpening::from),
            entered: memory.entered[Lane::Public],
            called: memory.called[Lane::Public],
            lanes: LaneStatus::of(view),
            gathering: view.line.gathering().map(|(opening, first)| Gathering::of(opening, &first)),
            last_boundary: view.line.last_known(),
            prospects: view.prospects().into(),
            draws: draws.map(|(number, opening)| DrawData::of(view, number, opening)).collect(),
            pace_per_minute: memory.live.pace_per_minute,
            places_left: view.places_left(),
            poll_after_s: view.status_poll_after_s(),
            intervals: Intervals::of(view),
            message: memory.live.message.as_ref().map(Texts::from),
        }
    }
}

fn to_json(status: &RoomStatus<'_>) -> Vec<u8> {
    serde_json::to_vec(status).expect("wire types can be written as JSON")
}

/// The rendered status of every room, renewed with its view. The map changes when a room is opened, and
/// then only: what is rendered lies in a cell of its own.
#[derive(Default)]
pub(crate) struct StatusCache(ArcSwap<HashMap<RoomId, Arc<ArcSwap<Rendered>>>>);

pub(crate) struct Rendered {
    /// Those of the room as it was opened: a room that is opened anew counts its views anew.
    settings: Arc<RoomSettings>,
    generation: u64,
    body: TimedBody,
}

impl StatusCache {
    /// The status as it is answered at `now`.
    pub(crate) fn at(&self, view: &RoomView, now: Timestamp) -> Vec<u8> {
        self.rendered(view).body.at(now)
    }

    fn rendered(&self, view: &RoomView) -> Arc<Rendered> {
        let cell = self.cell(view);
        let known = cell.load_full();
        if known.is_at_least(view) {
            return known;
        }
        // Several workers may do this at the same time; the newest view stays.
        let fresh = Arc::new(Rendered::of(view));
        cell.rcu(|known| Arc::clone(if known.is_at_least(view) { known } else { &fresh }));
        fresh
    }

    fn cell(&self, view: &RoomView) -> Arc<ArcSwap<Rendered>> {
        let room = &view.settings.room;
        if let Some(cell) = self.0.load().get(room) {
            return Arc::clone(cell);
        }
        let new = Arc::new(ArcSwap::from_pointee(Rendered::of(view)));
        self.0.rcu(|rooms| {
            let mut rooms = HashMap::clone(rooms);
            rooms.entry(room.clone()).or_insert_with(|| Arc::clone(&new));
            rooms
        });
        self.0.load().get(room).map_or(new, Arc::clone)
    }
}

impl Rendered {
    /// Whether it shows `view` or a newer one of the same room.
    fn is_at_least(&self, view: &RoomView) -> bool {
        Arc::ptr_eq(&self.settings, &view.settings) && self.generation >= view.generation
    }

    fn of(view: &RoomView) -> Self {
        let body = TimedBody::json(to_json(&RoomStatus::of(view)), "now", CACHE_CONTROL);
        Self { settings: Arc::clone(&view.settings), generation: view.generation, body }
    }
}

web::problem_responses!(
    /// What asking for the status can be refused with.
    StatusProblems: RoomNotFound
);

/// Show the status of a room.
///
/// The same for everybody, from memory: caches may and should keep it for a second. `now` is the time of
/// the answer, so there is no entity tag: whoever asks gets the whole status. With what joining answered,
/// whoever waits computes place, call and wait from it, and need not ask with the ticket.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    responses(
        (
            status = 200,
            description = "The status.",
            body = RoomStatus,
            headers(
                ("Cache-Control" = String, description = "A shared cache keeps it for a second, a browser not at all."),
            ),
        ),
        StatusProblems,
    ),
)]
#[get("/v1/rooms/{room}")]
pub(crate) async fn show_status(app: Data<App>, room: RoomInPath) -> Result<HttpResponse, Problem> {
    let view = app.rooms.view(room.name()).map_err(refusal::problem)?;
    Ok(app.statuses.rendered(&view).body.respond(app.rooms.now()))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod vectors;
