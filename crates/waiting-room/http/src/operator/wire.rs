//! What several endpoints of the operator answer with.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, HeaderValue};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waiting_room::lane::{Lane, PerLane};
use waiting_room::live::LiveSettings;
use waiting_room::service::Look;
use waiting_room::state::Counts;
use waiting_room::view::{self, RoomView};
use web::reply;

use crate::citizen::status::{RoomPhase, Texts};

/// A room, for those who run it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OperatedRoom {
    /// The name of the room, which is its campaign's.
    #[schema(example = "speyer-2021-06-20")]
    room: String,
    /// The title of the campaign.
    title: Texts,
    /// Which line of this name it is, from 1.
    #[schema(example = 1)]
    incarnation: u32,
    /// Rises when the room has, or may have, lost something.
    #[schema(example = 1_623_650_400)]
    epoch: u32,
    /// What the room does at the moment.
    phase: RoomPhase,
    /// The waiting room's time.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:01.000Z")]
    now: Timestamp,
    /// How long ago the store last answered, in seconds: all this is as old.
    #[schema(example = 0)]
    read_ago_s: u64,
    /// What can be changed while people wait.
    levers: Levers,
    /// The openings, in order.
    openings: Vec<OperatedOpening>,
    /// The people, by lane.
    lanes: PeopleByLane,
    /// How many passes are alive, and how many may be.
    seats: Seats,
    /// What the booking API last reported; null as long as it has not.
    #[schema(required = true)]
    report: Option<LastReport>,
}

/// The levers of a room.
#[derive(Serialize, ToSchema)]
pub(crate) struct Levers {
    /// Rises by one with each change.
    #[schema(example = 3)]
    version: u64,
    /// Nobody is called and nobody is admitted.
    paused: bool,
    /// Nobody joins, nobody is called and nobody is admitted.
    closed: bool,
    /// Admissions per minute in the long run.
    #[schema(example = 600)]
    pace_per_minute: u32,
    /// Admissions that may come at once after a quiet time.
    #[schema(example = 100)]
    burst: u32,
    /// Passes that may be alive at once.
    #[schema(example = 200)]
    max_active: u32,
    /// What everybody who waits is told; null if there is nothing.
    #[schema(required = true)]
    message: Option<Texts>,
    /// The share of the pace that each lane is called with, in percent.
    shares: Shares,
}

/// An opening, for those who run the room.
#[derive(Serialize, ToSchema)]
struct OperatedOpening {
    /// Its number in the room, from 0.
    #[schema(example = 0)]
    index: usize,
    /// When the campaign file says that it opens.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:00.000Z")]
    planned_at: Timestamp,
    /// When it opens, or has opened; null while it, or one before it, is held back.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2021-06-14T06:30:00.000Z")]
    opens_at: Option<Timestamp>,
    /// Whether it is held back until it is released.
    #[schema(example = false)]
    held: bool,
    /// Whether its draw was held: then nothing moves it any more.
    #[schema(example = false)]
    is_over: bool,
}

/// The shares of the lanes in percent: 100 together.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shares {
    /// Of whoever comes over the web.
    #[schema(maximum = 100, example = 80)]
    pub(crate) public: u32,
    /// Of callers, for whom the hotline joins.
    #[schema(maximum = 100, example = 10)]
    pub(crate) hotline: u32,
    /// Of people whom the operator invited to come first.
    #[schema(maximum = 100, example = 10)]
    pub(crate) priority: u32,
}

/// The people of each lane.
#[derive(Serialize, ToSchema)]
struct PeopleByLane {
    /// Whoever comes over the web.
    public: PeopleOfLane,
    /// Callers, for whom the hotline joins.
    hotline: PeopleOfLane,
    /// People whom the operator invited to come first.
    priority: PeopleOfLane,
}

/// The people of one lane.
#[derive(Serialize, ToSchema)]
struct PeopleOfLane {
    /// How many have joined so far.
    #[schema(example = 20_000)]
    entered: u64,
    /// How many of them gather for a draw, and have no place yet.
    #[schema(example = 0)]
    gathering: u64,
    /// How many stand in line: they have a place, and it is not called.
    #[schema(example = 19_863)]
    in_line: u64,
    /// How many places have been called so far.
    #[schema(example = 137)]
    called: u64,
}

/// The passes of a room.
#[derive(Serialize, ToSchema)]
struct Seats {
    /// How many are alive: whoever has one is present.
    #[schema(example = 187)]
    used: u32,
    /// How many may be as the gate has it now: fewer than `max_active` while the booking API is loaded.
    #[schema(example = 200)]
    allowed: u32,
}

/// What a booking API counted.
#[derive(Serialize, ToSchema)]
struct LastReport {
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:00.500Z")]
    counted_at: Timestamp,
    /// How long ago that was, in seconds.
    #[schema(example = 1)]
    age_s: u64,
    /// How many places could be given away at once.
    #[schema(example = 840)]
    places_left: u32,
    /// How many passes have seats on hold.
    #[schema(example = 31)]
    held_passes: u32,
    /// How many seats are on hold.
    #[schema(example = 58)]
    held_seats: u32,
    /// How many requests wait at the booking API.
    #[schema(example = 3)]
    queue_depth: u32,
}

impl From<&Look> for OperatedRoom {
    fn from(Look { view, read_ago }: &Look) -> Self {
        let (settings, state) = (&view.settings, &view.state);
        Self {
            room: settings.room.to_string(),
            title: Texts::title(settings),
            incarnation: settings.incarnation,
            epoch: state.memory.epoch,
            phase: view.phase.into(),
            now: view.as_of,
            read_ago_s: read_ago.as_secs(),
            levers: Levers::from(&state.memory.live),
            openings: openings(view),
            lanes: people(view),
            seats: Seats { used: state.active, allowed: state.allowance },
            report: state.report.map(|counts| LastReport::of(counts, view.as_of)),
        }
    }
}

fn openings(view: &RoomView) -> Vec<OperatedOpening> {
    let planned = view.settings.openings.iter().map(|opening| opening.opens_at);
    let openings = planned.zip(view.schedule.openings()).enumerate();
    openings
        .map(|(index, (planned_at, opening))| OperatedOpening {
            index,
            planned_at,
            opens_at: opening.opens_at,
            held: opening.is_held,
            is_over: view.line.draws().iter().any(|draw| usize::from(draw.block.opening) == index),
        })
        .collect()
}

fn people(view: &RoomView) -> PeopleByLane {
    let memory = &view.state.memory;
    let (places, in_line) = (view.line.places(&memory.entered), view::in_line(view));
    let people = |lane| PeopleOfLane {
        entered: memory.entered[lane],
        gathering: memory.entered[lane].saturating_sub(places[lane]),
        in_line: in_line[lane],
        called: memory.called[lane],
    };
    let [public, hotline, priority] = Lane::ALL.map(people);
    PeopleByLane { public, hotline, priority }
}

impl From<&LiveSettings> for Levers {
    fn from(live: &LiveSettings) -> Self {
        Self {
            version: live.version,
            paused: live.paused,
            closed: live.closed,
            pace_per_minute: live.pace_per_minute,
            burst: live.burst,
            max_active: live.max_active,
            message: live.message.as_ref().map(Texts::from),
            shares: live.shares.into(),
        }
    }
}

impl From<PerLane<u32>> for Shares {
    fn from(PerLane([public, hotline, priority]): PerLane<u32>) -> Self {
        Self { public, hotline, priority }
    }
}

impl LastReport {
    fn of(counts: Counts, now: Timestamp) -> Self {
        Self {
            counted_at: counts.counted_at,
            age_s: now.since(counts.counted_at).as_secs(),
            places_left: counts.places_left,
            held_passes: counts.held_passes,
            held_seats: counts.held_seats,
            queue_depth: counts.queue_depth,
        }
    }
}

/// What a change names in `If-Match`: the line, and the version of its levers.
pub(crate) fn etag_of(incarnation: u32, version: u64) -> String {
    format!("\"{incarnation}.{version}\"")
}

/// A room as it is now, with the tag for the next change.
pub(crate) fn operated(look: &Look) -> HttpResponse {
    let mut response = reply::private(StatusCode::OK, &OperatedRoom::from(look));
    let memory = &look.view.state.memory;
    if let Ok(tag) = HeaderValue::try_from(etag_of(memory.incarnation, memory.live.version)) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
