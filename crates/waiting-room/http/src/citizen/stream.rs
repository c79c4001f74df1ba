//! `GET /v1/rooms/{room}/stream`: the status of a room, as it changes.

use std::sync::Arc;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use waiting_room::view::RoomView;
use web::streams::{Beats, Look, Told, event, last_event_id};
use web::{Problem, problem_responses};

use crate::app::App;
use crate::citizen::status::News;
use crate::refusal::{self, RoomInPath};

/// A status as it is sent to all who follow a room.
pub(crate) struct StreamedStatus {
    news: News,
    bytes: Bytes,
}

impl StreamedStatus {
    fn of(app: &App, view: &RoomView) -> Self {
        let news = News::of(view);
        let status = app.statuses.at(view, app.rooms.now());
        Self { news, bytes: event("status", news.all, &status) }
    }
}

/// What there is to tell of a room. It is looked for and written once for all who follow it.
fn follow(app: &Data<App>, view: &RoomView) -> Beats<StreamedStatus> {
    let room = &view.settings.room;
    app.streams.follow(room, || {
        let first = StreamedStatus::of(app, view);
        let mut known = first.news;
        let (app, room) = (Arc::clone(app), room.clone());
        let look = move |quiet| {
            let Ok(view) = app.rooms.view(room.as_str()) else { return Look::Over };
            let news = News::of(&view);
            if !news.is_due(&known, quiet) {
                return Look::Nothing;
            }
            known = news;
            Look::News(StreamedStatus::of(&app, &view))
        };
        (first, look)
    })
}

problem_responses!(
    /// What a stream can be refused with.
    StreamProblems of RoomInPath:
        TooManyStreams, Unavailable
);

/// Follow the status of a room.
///
/// Server-sent events. Each event `status` has the status as `GET /v1/rooms/{room}` answers it, and comes when something
/// has changed that somebody who waits should know: how far people are called once a second at most, everything else at
/// once, and how many have joined every fifteen seconds. Who comes back with `Last-Event-ID` is told nothing until
/// something has changed. A client that is refused, or whose stream keeps failing, asks for the status instead.
#[utoipa::path(
    tag = "rooms",
    params(
        RoomInPath,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that arrived.", example = "1f0c3a5b7d9e2468"),
    ),
    responses((status = 200, description = "The stream, which ends when the service stops.", content_type = "text/event-stream"), StreamProblems),
)]
#[get("/v1/rooms/{room}/stream")]
pub(crate) async fn stream_status(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = app.rooms.view(room.name()).map_err(refusal::problem)?;
    let seat = app.streams.seat(&request)?;
    let beats = follow(&app, &view);
    // Whoever comes is told how things stand now, with the time: what all were told last may be seconds old.
    let mut last = beats.borrow().news.all;
    let view = app.rooms.view(room.name()).map_err(refusal::problem)?;
    let now = StreamedStatus::of(&app, &view);
    let mut first = (last_event_id(&request) != Some(now.news.all)).then_some(now.bytes);
    Ok(app.streams.respond(&request, seat, beats, move |status| {
        let id = status.news.all;
        if let Some(first) = first.take() {
            Told::Events(first)
        } else if std::mem::replace(&mut last, id) == id {
            Told::Nothing
        } else {
            Told::Events(status.bytes.clone())
        }
    }))
}

#[cfg(test)]
mod tests;
