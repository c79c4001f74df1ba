//! `GET /v1/rooms/{room}`: what everybody may know of a room.
//!
//! It is the same for all, so it is written once whenever the view of the room is renewed; a request
//! only picks up the bytes.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use arc_swap::ArcSwap;
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::RoomId;
use waiting_room::draw::{Digest, Secret};
use waiting_room::settings::Opening;
use waiting_room::view::{Phase, RoomView};
use web::{CachedBody, Problem};

use crate::app::App;
use crate::refusal::{self, RoomInPath};
use crate::wire::NextOpening;

/// A view is a few hundred milliseconds old at most; caches may add this.
const MAX_AGE_S: u32 = 1;

/// The public status of a room.
#[derive(Serialize, ToSchema)]
struct RoomStatus<'a> {
    /// The name of the room, which is its campaign's.
    #[schema(example = "speyer-2021-06-20")]
    room: &'a str,
    title: Texts<'a>,
    phase: RoomPhase,
    /// The waiting room's time: compare openings with it, not with the clock of the device.
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
    /// The draw of every opening, in order.
    draws: Vec<DrawData>,
    /// How many are admitted per minute at most.
    #[schema(example = 600)]
    pace_per_minute: u32,
    /// How many places the booking service could still give away; null until it has reported.
    #[schema(example = 840, required = true)]
    places_left: Option<u32>,
    /// When to ask again, in seconds.
    #[schema(example = 2)]
    poll_after_s: u32,
    /// What the operator wants everybody to know; null if there is nothing.
    #[schema(required = true)]
    message: Option<Texts<'a>>,
}

/// A text for people, in both languages.
#[derive(Serialize, ToSchema)]
struct Texts<'a> {
    /// German.
    #[schema(example = "Impfaktion am 20. Juni")]
    de: &'a str,
    /// English.
    #[schema(example = "Vaccination drive on 20 June")]
    en: &'a str,
}

/// What the room does: it is `announced` before anybody can join; arrivals are `gathering` for a draw;
/// it is `open` while places are called; it is `sold_out` while nothing can be booked, though places may
/// come back; and finally it is `closed`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RoomPhase {
    Announced,
    Gathering,
    Open,
    SoldOut,
    Closed,
}

/// All that is needed to recompute a draw. The commitment is published in advance; the members that
/// follow it are there once the draw has been held.
#[derive(Serialize, ToSchema)]
struct DrawData {
    /// The number of the opening, from 0.
    opening: usize,
    /// When the draw is held.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:00.000Z")]
    opens_at: Timestamp,
    /// SHA-256 of the secret, as 64 hexadecimal digits.
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    commitment: Digest,
    /// When it was held.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    frozen_at: Option<Timestamp>,
    /// The first entry, and the first place, that was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_entry: Option<u64>,
    /// How many entries were drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entries: Option<u64>,
    /// The secret, as 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$", nullable = false)]
    secret: Option<Secret>,
    /// The seed that follows from room, opening, entries and secret, as 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$", nullable = false)]
    seed: Option<Digest>,
}

impl From<Phase> for RoomPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Announced => Self::Announced,
            Phase::Gathering => Self::Gathering,
            Phase::Open => Self::Open,
            Phase::SoldOut => Self::SoldOut,
            Phase::Closed => Self::Closed,
        }
    }
}

impl<'a> RoomStatus<'a> {
    fn of(view: &'a RoomView, now: Timestamp) -> Self {
        let settings = &*view.settings;
        let draws = settings.openings.iter().enumerate();
        Self {
            room: settings.room.as_str(),
            title: Texts { de: &settings.title_de, en: &settings.title_en },
            phase: view.phase.into(),
            now,
            next_opening: view.next_opening().map(NextOpening::from),
            entered: view.state.entered,
            called: view.state.called,
            draws: draws.map(|(number, opening)| DrawData::of(view, number, opening)).collect(),
            pace_per_minute: settings.gate.pace_per_minute,
            places_left: view.state.places_left.map(|left| left.count),
            poll_after_s: view.status_poll_after_s(),
            message: None,
        }
    }
}

impl DrawData {
    fn of(view: &RoomView, number: usize, opening: &Opening) -> Self {
        let held = view.line.draws().get(number);
        Self {
            opening: number,
            opens_at: opening.opens_at,
            commitment: opening.commitment,
            frozen_at: held.map(|draw| draw.held_at),
            first_entry: held.map(|draw| draw.first),
            entries: held.map(|draw| draw.entries),
            secret: held.map(|draw| draw.secret),
            seed: held.map(|draw| draw.seed),
        }
    }
}

/// The rendered status of every room, renewed with its view.
#[derive(Default)]
pub(crate) struct StatusCache(ArcSwap<HashMap<RoomId, Arc<Rendered>>>);

struct Rendered {
    generation: u64,
    body: CachedBody,
}

impl StatusCache {
    fn rendered(&self, view: &RoomView) -> Arc<Rendered> {
        let room = &view.settings.room;
        if let Some(known) = self.0.load().get(room)
            && known.generation >= view.generation
        {
            return Arc::clone(known);
        }
        // Several workers may do this at the same time; the newest view stays.
        let fresh = Arc::new(Rendered::of(view));
        self.0.rcu(|rooms| {
            let mut rooms = HashMap::clone(rooms);
            let kept = rooms.entry(room.clone()).or_insert_with(|| Arc::clone(&fresh));
            if kept.generation < fresh.generation {
                *kept = Arc::clone(&fresh);
            }
            rooms
        });
        fresh
    }
}

impl Rendered {
    fn of(view: &RoomView) -> Self {
        let json = |now| {
            let status = RoomStatus::of(view, now);
            serde_json::to_vec(&status).expect("wire types can be written as JSON")
        };
        let body = CachedBody::json(json(view.as_of), MAX_AGE_S);
        // Nobody needs the bytes again because only the time has gone on.
        let body = body.validated_by(&json(Timestamp::default()));
        Self { generation: view.generation, body }
    }
}

web::problem_responses!(
    /// What asking for the status can be refused with.
    StatusProblems: RoomNotFound
);

/// The status of a room.
///
/// The same bytes for everybody, from memory: caches may and should keep it for a second. The entity
/// tag does not depend on `now`, so `If-None-Match` is answered with 304 as long as nothing else has
/// changed.
#[utoipa::path(
    tag = "rooms",
    params(
        RoomInPath,
        ("If-None-Match" = Option<String>, Header, description = "The entity tag of the last answer."),
    ),
    responses(
        (
            status = 200,
            description = "The status.",
            body = RoomStatus,
            headers(
                ("ETag" = String, description = "Weak; changes when anything but `now` changes."),
                ("Cache-Control" = String, description = "`public, max-age=1`"),
            ),
        ),
        (status = 304, description = "Nothing but `now` has changed."),
        StatusProblems,
    ),
)]
#[get("/v1/rooms/{room}")]
pub(crate) async fn show_status(
    app: Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = app.rooms.view(refusal::room(&request)).map_err(refusal::problem)?;
    Ok(app.statuses.rendered(&view).body.respond(&request))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::harness::{Harness, get};

    #[actix_web::test]
    async fn a_room_gathers_and_opens() {
        let harness = Harness::start().await;
        harness.join().await;
        harness.renew().await;
        let reply = harness.send(get("/v1/rooms/town")).await;
        assert_eq!(reply.header("cache-control"), Some("public, max-age=1"));
        insta::assert_snapshot!(reply, @r#"
        200 {
          "called": 0,
          "draws": [
            {
              "commitment": "95d793899c1b3a86abd0e2465f31b0ee93dadd5aa1bce84cdc321f3e9616e327",
              "opening": 0,
              "opens_at": "2021-06-14T06:00:00.000Z"
            },
            {
              "commitment": "309b07975267b2ae863b9f8d1cc2cf9feb69401250ac75f79e77247f1eea82bb",
              "opening": 1,
              "opens_at": "2021-06-14T07:00:00.000Z"
            }
          ],
          "entered": 1,
          "message": null,
          "next_opening": {
            "gathers_from": "2021-06-14T05:00:00.000Z",
            "index": 0,
            "opens_at": "2021-06-14T06:00:00.000Z"
          },
          "now": "2021-06-14T05:59:00.000Z",
          "pace_per_minute": 60,
          "phase": "gathering",
          "places_left": null,
          "poll_after_s": 2,
          "room": "town",
          "title": {
            "de": "Probe",
            "en": "Test"
          }
        }
        "#);
        harness.at(1).await;
        harness.report(7).await;
        harness.renew().await;
        let open = harness.send(get("/v1/rooms/town")).await.body;
        assert_eq!((&open["called"], &open["places_left"]), (&1.into(), &7.into()));
        insta::assert_json_snapshot!(open["draws"][0], @r#"
        {
          "commitment": "95d793899c1b3a86abd0e2465f31b0ee93dadd5aa1bce84cdc321f3e9616e327",
          "entries": 1,
          "first_entry": 0,
          "frozen_at": "2021-06-14T06:00:01.000Z",
          "opening": 0,
          "opens_at": "2021-06-14T06:00:00.000Z",
          "secret": "a312c91878df294650d3109465b7ebc806128b0d51823bd185991c647818e27e",
          "seed": "1becb3557170d2abd5e5cc1c047c291a8530e046f28e016aa982ddd5e919ae6d"
        }
        "#);
    }

    #[actix_web::test]
    async fn the_phases_have_their_names() {
        let harness = Harness::start_at(-4_000).await;
        let mut phases = Vec::new();
        for s in [-4_000, -60, 0, 90_000] {
            harness.at(s).await;
            phases.push(harness.send(get("/v1/rooms/town")).await.body["phase"].clone());
            if s == 0 {
                harness.report(0).await;
                harness.renew().await;
                phases.push(harness.send(get("/v1/rooms/town")).await.body["phase"].clone());
            }
        }
        assert_eq!(phases, ["announced", "gathering", "open", "sold_out", "closed"]);
    }

    #[actix_web::test]
    async fn it_is_rendered_once_per_view() {
        let harness = Harness::start().await;
        let view = harness.view();
        let first = harness.app.statuses.rendered(&view);
        assert!(Arc::ptr_eq(&first, &harness.app.statuses.rendered(&view)));
        harness.renew().await;
        let second = harness.app.statuses.rendered(&harness.view());
        assert!(!Arc::ptr_eq(&first, &second));
        let late = harness.app.statuses.rendered(&view);
        assert!(Arc::ptr_eq(&second, &late), "an older view does not come back");
    }

    #[actix_web::test]
    async fn only_a_change_is_sent_again() {
        let harness = Harness::start().await;
        let ask = |tag: &str| {
            TestRequest::get().uri("/v1/rooms/town").insert_header(("if-none-match", tag))
        };
        let first = harness.send(get("/v1/rooms/town")).await;
        let tag = first.header("etag").expect("a tag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        harness.at(-59).await;
        let later = harness.send(get("/v1/rooms/town")).await;
        assert_ne!(later.body["now"], first.body["now"]);
        assert_eq!(later.header("etag"), Some(&*tag));
        let unchanged = harness.send(ask(&tag)).await;
        assert_eq!((unchanged.status, unchanged.bytes.len()), (304, 0));
        assert_eq!(unchanged.header("etag"), Some(&*tag));
        harness.join().await;
        harness.renew().await;
        let changed = harness.send(ask(&tag)).await;
        assert_eq!((changed.status, &changed.body["entered"]), (200, &1.into()));
    }

    #[actix_web::test]
    async fn an_unknown_room_is_not_found() {
        let harness = Harness::start().await;
        insta::assert_snapshot!(harness.send(get("/v1/rooms/nowhere")).await, @r#"
        404 {
          "code": "room-not-found",
          "detail": "Please check the address.",
          "request_id": "<id>",
          "status": 404,
          "title": "This waiting room does not exist",
          "type": "urn:einlass:problem:room-not-found"
        }
        "#);
    }
}
