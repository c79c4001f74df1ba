//! GET /v1/campaigns/{campaign}/waitlist

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking::CampaignView;
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Problem, problem_responses};

use crate::app::App;
use crate::citizen::waitlist::WhyNobody;
use crate::refusal::CampaignInPath;

/// The waitlist of a campaign at one moment, at most a second ago.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = WaitlistStatus)]
pub(crate) struct StatusBody {
    /// The moment. In an answer that a cache has kept and the service confirmed, it has been so since
    /// then; the header `Date` says until when.
    #[schema(value_type = String, format = DateTime, example = "2021-06-16T12:00:00.000Z")]
    as_of: Timestamp,
    /// Whether people could join.
    open: bool,
    /// When it opens, where a time is given. Otherwise it opens when no place can be booked any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-14T15:00:00.000Z",
    )]
    opens_at: Option<Timestamp>,
    /// From then on nobody is called any more.
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T11:50:00.000Z")]
    stops_at: Timestamp,
    /// How many persons may wait at a time; none where there is no waitlist.
    #[schema(example = 800)]
    places: u32,
    /// How many more could join.
    #[schema(example = 470)]
    places_left: u32,
    /// Persons who wait, with or without an offer.
    #[schema(example = 330)]
    waiting: u32,
    /// Offers without an answer so far. Each is that of somebody who waits.
    #[schema(example = 12)]
    offers_open: u32,
    /// Left out while people are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    why_nobody_is_called: Option<WhyNobody>,
}

impl StatusBody {
    pub(crate) fn new(view: &CampaignView) -> Self {
        let as_of = view.availability.as_of;
        let Some(status) = view.waitlist_status() else {
            return Self {
                as_of,
                open: false,
                opens_at: None,
                stops_at: view.campaign.waitlist_stops_at(),
                places: 0,
                places_left: 0,
                waiting: 0,
                offers_open: 0,
                why_nobody_is_called: Some(WhyNobody::NotOpen),
            };
        };
        Self {
            as_of,
            open: status.is_open,
            opens_at: status.opens_at,
            stops_at: status.stops_at,
            places: status.places,
            places_left: status.places_left,
            waiting: status.counts.demand(),
            offers_open: status.counts.offered,
            why_nobody_is_called: status.why_nobody.and_then(WhyNobody::of),
        }
    }

    /// What a client wants to hear of when it has changed.
    pub(crate) fn without_time(self) -> Self {
        Self { as_of: Timestamp::from_unix_s(0), ..self }
    }
}

problem_responses!(
    /// What the status of a waitlist can be refused with.
    StatusProblems of CampaignInPath:
        Unavailable
);

/// Show how the waitlist of a campaign stands.
///
/// It is a snapshot, at most a second old, and the same for everybody.
#[utoipa::path(
    tag = "waitlist",
    params(CampaignInPath),
    responses((status = 200, body = StatusBody, description = "How the waitlist stands."), (status = 304, description = "Unchanged but for the time."), StatusProblems),
)]
#[get("/v1/campaigns/{campaign}/waitlist")]
pub(crate) async fn show_waitlist(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Ok(app.rendered()?.campaign(&campaign)?.waitlist.respond(&request))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use booking::contract::scene;
    use serde_json::json;

    use crate::harness::Api;

    const PATH: &str = "/v1/campaigns/rehearsal/waitlist";

    #[actix_web::test]
    async fn tells_everybody_how_it_stands_and_of_changes_only() {
        let (api, anna) = Api::sold_out().await;
        let before = api.get(PATH).send().await;
        assert_eq!((before.status, before.header("cache-control")), (200, "public, max-age=1"));
        let expected = json!({
            "as_of": before.json["as_of"], "open": true, "stops_at": "2021-06-15T06:00:00.000Z",
            "places": 2, "places_left": 2, "waiting": 0, "offers_open": 0,
            "why_nobody_is_called": "nobody_waits",
        });
        assert_eq!(before.json, expected);
        api.clock.advance(Duration::from_secs(1));
        api.refreshed().await;
        let etag = before.header("etag").to_owned();
        let again = api.get(PATH).header("if-none-match", &etag).send().await;
        assert_eq!(again.status, 304, "only the time has changed");

        assert_eq!(api.join("Berta", "w1").send().await.status, 201);
        api.refreshed().await;
        let after = api.get(PATH).header("if-none-match", &etag).send().await;
        let told = ["places_left", "waiting", "offers_open", "why_nobody_is_called"];
        assert_eq!(
            told.map(|name| &after.json[name]),
            [&json!(1), &json!(1), &json!(0), &json!("no_place_free")]
        );
        api.cancel(&anna).await;
        api.until_offered(1).await;
        let after = api.get(PATH).send().await;
        assert_eq!(
            told.map(|name| &after.json[name]),
            [&json!(1), &json!(1), &json!(1), &json!("all_offered")]
        );

        api.clock.set(scene::at(86_400));
        api.refreshed().await;
        let closed = api.get(PATH).send().await;
        assert_eq!(
            (&closed.json["open"], &closed.json["why_nobody_is_called"]),
            (&json!(false), &json!("closed"))
        );
    }

    /// While there are places to book, nobody is made to wait.
    #[actix_web::test]
    async fn it_is_not_open_while_there_are_places() {
        let api = Api::start().await;
        let reply = api.get(PATH).send().await;
        assert_eq!((reply.status, &reply.json["open"]), (200, &json!(false)));
        assert_eq!((&reply.json["places"], &reply.json["places_left"]), (&json!(5), &json!(0)));
        let unknown = api.get("/v1/campaigns/elsewhere/waitlist").send().await;
        assert_eq!((unknown.status, unknown.code()), (404, "campaign-not-found"));
    }
}
