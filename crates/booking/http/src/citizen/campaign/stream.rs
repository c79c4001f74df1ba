//! GET /v1/campaigns/{campaign}/stream

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use web::streams::last_event_id;
use web::{Code, Problem, problem_responses};

use crate::app::App;
use crate::refusal::CampaignInPath;

problem_responses!(
    /// What a stream can be refused with.
    StreamProblems of CampaignInPath:
        TooManyStreams, Unavailable
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
    if view.generation == 0 {
        return Err(app.try_again(Code::Unavailable));
    }
    if view.campaign(&campaign).is_none() {
        return Err(Problem::new(Code::CampaignNotFound));
    }
    let seat = app.streams.listening.seat(&request)?;
    let beats = app.streams.follow(&app.bookings, &campaign);
    let mut last = last_event_id(&request);
    let shared = app.clone();
    Ok(app.streams.listening.respond(&request, seat, beats, move |()| {
        shared.streams.tell(&shared.bookings.view(), &campaign, &mut last)
    }))
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
        assert!(events.next().is_some_and(|last| last.starts_with("retry: ")), "{text}");
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
    async fn tells_what_has_changed() {
        let api = Api::start().await;
        let (reply, ()) = join!(api.get(PATH).send(), async {
            api.refreshed().await;
            assert_eq!(api.book_slot("a", "Anna", "k1").send().await.status, 201);
            api.refreshed().await;
            api.drain.start();
        });
        let text = std::str::from_utf8(&reply.bytes).expect("text");
        let (_, changes) = text.split_once("event: changes").expect("a change");
        assert!(changes.contains(r#""slots":[{"id":"a","places_left":0}]"#), "{text}");
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
        assert_eq!(replies.2.code(), "too-many-streams");
        let unknown = api.get("/v1/campaigns/elsewhere/stream").send().await;
        assert!(unknown.status >= 404);
    }
}
