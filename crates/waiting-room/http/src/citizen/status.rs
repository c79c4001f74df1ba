//! `GET /v1/rooms/{room}`: what everybody may know of a room.
//!
//! It is the same for all but for the time, so it is written once whenever the view of the room is
//! renewed; a request only adds the time.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use arc_swap::ArcSwap;
use kernel::Timestamp;
use pass::IdentityKind;
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::RoomId;
use waiting_room::draw::{Digest, Secret};
use waiting_room::lane::Lane;
use waiting_room::line::Draw;
use waiting_room::live::Message;
use waiting_room::settings::{Opening, RoomSettings};
use waiting_room::view::{Phase, RoomView};
use web::streams::QUIET_MAX;
use web::{Problem, TimedBody};

use crate::app::App;
use crate::refusal::{self, RoomInPath};
use crate::wire::NextOpening;

/// A view is a few hundred milliseconds old at most; caches may add this.
const MAX_AGE_S: u32 = 1;
/// How soon those who follow the status learn how far people are called.
const SOON: Duration = Duration::from_secs(1);

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
    /// How many have joined so far.
    #[schema(example = 20_000)]
    entered: u64,
    /// How many places have been called so far: a ticket whose place is below it is called.
    #[schema(example = 137)]
    called: u64,
    /// Whether the room asks whoever joins where they live.
    asks_residence: bool,
    /// What the room asks of whoever joins.
    identity: Asked,
    /// The public source of chance that goes into every draw, as announced; null if there is none.
    #[schema(required = true, example = "Lotto 6 aus 49 vom 12. Juni 2021")]
    public_entropy: Option<&'a str>,
    /// The draw of every opening, in order.
    draws: Vec<DrawData>,
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

/// All that is needed to recompute a draw. The commitment is published in advance; the members that
/// follow it are there once the entries are frozen.
#[derive(Serialize, ToSchema)]
struct DrawData {
    /// The number of the opening, from 0.
    #[schema(example = 0)]
    opening: usize,
    /// When the draw is held, unless it is held back: then `next_opening` says so.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:00.000Z")]
    opens_at: Timestamp,
    /// SHA-256 of the secret, as 64 hexadecimal digits.
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    commitment: Digest,
    /// When the entries were frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-14T06:00:00.041Z",
    )]
    frozen_at: Option<Timestamp>,
    /// The first entry, and the first place, that was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0)]
    first_entry: Option<u64>,
    /// How many entries were drawn, in all lanes together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 127_261)]
    entries: Option<u64>,
    /// The lanes by name, where others than `public` took part too: then `first_entry` and `entries` of
    /// the lane give a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lanes: Option<BTreeMap<&'static str, DrawnLane>>,
    /// The secret, as 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$", nullable = false)]
    secret: Option<Secret>,
    /// The public entropy that was supplied, as the hexadecimal digits of its UTF-8; left out as long as it
    /// is awaited, and where none was announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^([0-9a-f]{2})+$", nullable = false, example = "332038203231")]
    entropy: Option<String>,
    /// The seed that follows, as 64 hexadecimal digits; left out as long as public entropy is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$", nullable = false)]
    seed: Option<Digest>,
}

/// A lane's part of a draw.
#[derive(Serialize, ToSchema)]
struct DrawnLane {
    /// The first entry, and the first place, of this lane that was drawn.
    #[schema(example = 0)]
    first_entry: u64,
    /// How many entries of this lane were drawn.
    #[schema(example = 120_000)]
    entries: u64,
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
            draws: draws.map(|(number, opening)| DrawData::of(view, number, opening)).collect(),
            pace_per_minute: memory.live.pace_per_minute,
            places_left: view.places_left(),
            poll_after_s: view.status_poll_after_s(),
            message: memory.live.message.as_ref().map(Texts::from),
        }
    }
}

/// What is in a status, as far as those who follow it must know at once, soon, or at all. The same for the same
/// status, in every instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// All but the numbers that move by themselves.
    at_once: u64,
    /// The same with how far people are called, and what is left for them.
    soon: u64,
    /// Everything but the time.
    pub(crate) all: u64,
}

impl News {
    pub(crate) fn of(view: &RoomView) -> Self {
        let mut status = RoomStatus::of(view);
        let all = hash(&status);
        (status.entered, status.poll_after_s) = (0, 0);
        let soon = hash(&status);
        (status.called, status.places_left) = (0, None);
        Self { at_once: hash(&status), soon, all }
    }

    /// Whether those have to be told who know `known`, and were told nothing for so long.
    pub(crate) fn is_due(&self, known: &Self, quiet: Duration) -> bool {
        self.at_once != known.at_once
            || quiet >= SOON && self.soon != known.soon
            || quiet >= QUIET_MAX && self.all != known.all
    }
}

fn hash(status: &RoomStatus<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    to_json(status).hash(&mut hasher);
    hasher.finish()
}

fn to_json(status: &RoomStatus<'_>) -> Vec<u8> {
    serde_json::to_vec(status).expect("wire types can be written as JSON")
}

impl DrawData {
    fn of(view: &RoomView, number: usize, opening: &Opening) -> Self {
        let held = view.line.draws().iter().find(|draw| usize::from(draw.block.opening) == number);
        Self {
            opening: number,
            opens_at: view.schedule.opens_at(number).unwrap_or(opening.opens_at),
            commitment: opening.commitment,
            frozen_at: held.map(|draw| draw.block.end.at),
            first_entry: held.map(|draw| draw.block.start.entries[Lane::Public]),
            entries: held.map(Draw::entries),
            lanes: held.and_then(lanes),
            secret: held.map(|draw| draw.secret),
            entropy: held.and_then(entropy),
            seed: held.and_then(|draw| draw.seed),
        }
    }
}

/// What each lane has of a draw; `None` if nobody but the public lane took part.
fn lanes(draw: &Draw) -> Option<BTreeMap<&'static str, DrawnLane>> {
    let first = draw.block.start.entries;
    let entries = draw.block.end.entries.zip(&first, u64::saturating_sub);
    let is_public_alone = entries[Lane::Public] == entries.total();
    let drawn = |lane| DrawnLane { first_entry: first[lane], entries: entries[lane] };
    (!is_public_alone).then(|| Lane::ALL.map(|lane| (lane.name(), drawn(lane))).into())
}

/// The public entropy of a held draw, if there is any.
fn entropy(draw: &Draw) -> Option<String> {
    let hex = |byte: u8| format!("{byte:02x}");
    (!draw.entropy.is_empty()).then(|| draw.entropy.bytes().map(hex).collect())
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
        let body = TimedBody::json(to_json(&RoomStatus::of(view)), "now", MAX_AGE_S);
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
/// the answer, so there is no entity tag: whoever asks gets the whole status.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    responses(
        (
            status = 200,
            description = "The status.",
            body = RoomStatus,
            headers(("Cache-Control" = String, description = "`public, max-age=1`")),
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
