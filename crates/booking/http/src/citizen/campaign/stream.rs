//! GET /v1/campaigns/{campaign}/stream

use std::convert::Infallible;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::stream::unfold;
use kernel::CampaignId;
use web::problem::jittered_s;
use web::{Code, Problem, problem_responses};

use crate::app::App;
use crate::refusal::CampaignInPath;
use crate::streams::{Beats, Seat};

/// Says that the stream is there.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
/// When a client whose stream ended comes back, at the earliest.
const RETRY_AFTER_S: u64 = 3;

problem_responses!(
    /// What a stream can be refused with.
    StreamProblems of CampaignInPath:
        Overloaded, Unavailable
);

/// Follow the places of a campaign.
///
/// Server-sent events. `places` tells the places left in all slots, `changes` those of the slots in which they are others
/// now. Their data is an object with `as_of`, `places_left` over all slots, and `slots`, each with `id` and `places_left`.
/// Who comes back with `Last-Event-ID` is told what they missed.
#[utoipa::path(
    tag = "campaigns",
    params(
        CampaignInPath,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that arrived.", example = "1f0c3a5b7d9e2468"),
    ),
    responses((status = 200, description = "The stream, which ends when the service stops.", content_type = "text/event-stream"), StreamProblems),
)]
#[get("/v1/campaigns/{campaign}/stream")]
pub(crate) async fn stream_places(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = app.bookings.view();
    if view.generation == 0 || app.streams.is_draining() {
        return Err(app.try_again(Code::Unavailable));
    }
    if view.campaign(&campaign).is_none() {
        return Err(Problem::new(Code::CampaignNotFound));
    }
    let seat = app.streams.seat(&request).ok_or_else(|| app.try_again(Code::Overloaded))?;
    let retry_ms = jittered_s(RETRY_AFTER_S, &*app.entropy) * 1_000;
    let listener = Listener {
        greeting: Some(format!("retry: {retry_ms}\n\n").into()),
        last: last_event_id(&request),
        beats: app.streams.follow(&app.bookings, &campaign),
        is_woken: false,
        is_over: false,
        campaign,
        app,
        _seat: seat,
    };
    let events = unfold(listener, |mut listener| async {
        let bytes = listener.next().await?;
        Some((Ok::<Bytes, Infallible>(bytes), listener))
    });
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "text/event-stream"));
    response.insert_header((CACHE_CONTROL, "no-store"));
    // Proxies that gather an answer would keep it for ever.
    response.insert_header(("x-accel-buffering", "no"));
    Ok(response.streaming(events))
}

fn last_event_id(request: &HttpRequest) -> Option<u64> {
    let id = request.headers().get("last-event-id")?.to_str().ok()?;
    u64::from_str_radix(id, 16).ok()
}

/// Somebody who listens.
struct Listener {
    app: Data<App>,
    campaign: CampaignId,
    last: Option<u64>,
    beats: Beats,
    /// Woken, and nothing was said since.
    is_woken: bool,
    is_over: bool,
    greeting: Option<Bytes>,
    _seat: Seat,
}

impl Listener {
    /// What is sent next; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            let streams = &self.app.streams;
            let frames = streams.after(&self.app.bookings.view(), &self.campaign, self.last)?;
            if let Some(frame) = frames.last() {
                (self.last, self.is_woken) = (Some(frame.id), false);
                let parts: Vec<&[u8]> = frames.iter().map(|frame| &*frame.bytes).collect();
                let bytes = match &*frames {
                    [only] => only.bytes.clone(),
                    _ => parts.concat().into(),
                };
                return Some(bytes);
            }
            if self.is_over {
                return None;
            }
            if std::mem::take(&mut self.is_woken) {
                return Some(COMMENT);
            }
            self.is_over = self.beats.changed().await.is_err();
            self.is_woken = !self.is_over;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::join;

    use crate::harness::Api;

    const PATH: &str = "/v1/campaigns/rehearsal/stream";

    /// SIGTERM waits for no listener: what there is to tell is told, and the stream ends.
    #[actix_web::test]
    async fn tells_all_places_and_ends_with_the_service() {
        let api = Api::start().await;
        let (reply, ()) = join!(api.get(PATH).send(), async {
            api.refreshed().await;
            api.drain.start();
        });
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/event-stream"));
        assert_eq!(reply.header("cache-control"), "no-store");
        let text = std::str::from_utf8(&reply.bytes).expect("text");
        let mut events = text.split("\n\n");
        assert!(events.next().is_some_and(|first| first.starts_with("retry: ")), "{text}");
        let event = events.next().expect("an event");
        assert!(event.starts_with("event: places\nid: "), "{text}");
        assert!(event.contains(r#"{"id":"a","places_left":1}"#), "{text}");
        assert_eq!(events.next(), Some(""), "nothing else");
        let late = api.get(PATH).send().await;
        assert_eq!((late.status, late.code()), (503, "unavailable"));
    }

    /// Who has it all already is told nothing until something changes.
    #[actix_web::test]
    async fn goes_on_after_the_last_event() {
        let api = Api::start().await;
        let (first, ()) = join!(api.get(PATH).send(), async { api.drain.start() });
        let text = String::from_utf8(first.bytes.to_vec()).expect("text");
        let id = text.lines().find_map(|line| line.strip_prefix("id: ")).expect("an id");
        let api = Api::start().await;
        let call = api.get(PATH).header("last-event-id", id);
        let (again, ()) = join!(call.send(), async {
            api.refreshed().await;
            api.drain.start();
        });
        let text = std::str::from_utf8(&again.bytes).expect("text");
        assert!(!text.contains("event:"), "{text}");
    }

    #[actix_web::test]
    async fn as_many_listen_as_there_are_seats() {
        let api = Api::start().await;
        let ask = || api.get(PATH).send();
        let replies = join!(ask(), ask(), ask(), async {
            api.refreshed().await;
            api.drain.start();
        });
        let statuses = [replies.0.status, replies.1.status, replies.2.status];
        assert_eq!(statuses, [200, 200, 503]);
        assert_eq!(replies.2.code(), "overloaded");
        let unknown = api.get("/v1/campaigns/elsewhere/stream").send().await;
        assert!(unknown.status >= 404);
    }
}
