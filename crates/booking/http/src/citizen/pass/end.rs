//! DELETE /v1/campaigns/{campaign}/passes/current

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete};
use booking::EndPassOutcome;
use web::reply;
use web::{Code, Problem, problem_responses};

use crate::app::App;
use crate::refusal::CampaignInPath;

problem_responses!(
    /// What leaving can be refused with.
    EndPassProblems of CampaignInPath:
        PassInvalid, PassWrongCampaign, Overloaded, Unavailable
);

/// Give a pass back before its time.
///
/// Then the next one can come in. Nothing new can be held or booked with it. An open hold may still be booked on or released, and
/// bookings stay. Whoever holds seats counts as present until then. Repeating it changes nothing.
#[utoipa::path(
    tag = "passes",
    params(CampaignInPath),
    responses((status = 204, description = "The pass is ended."), EndPassProblems),
    security(("pass" = [])),
)]
#[delete("/v1/campaigns/{campaign}/passes/current")]
pub(crate) async fn end_pass(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let pass = app.pass(&request, &campaign).await?;
    let outcome = app.bookings.end_pass(pass).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        EndPassOutcome::Ended => Ok(reply::done()),
        EndPassOutcome::CampaignNotFound => Err(Problem::new(Code::CampaignNotFound)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use booking::contract::scene;
    use web::test_client::Call;

    use crate::harness::Api;

    fn end(api: &Api, campaign: &str) -> Call {
        api.request(&Method::DELETE, &format!("/v1/campaigns/{campaign}/passes/current"))
    }

    /// Leaving and holding four, over and over, once held every place of a campaign.
    #[actix_web::test]
    async fn whoever_has_left_begins_nothing_new() {
        let api = Api::start().await;
        let campaign = scene::slot("rehearsal");
        let held = api.hold("c", 1, "k1").send().await;
        let id = held.json["id"].as_str().expect("an id");
        for _ in 0..2 {
            assert_eq!(end(&api, "rehearsal").bearer(&api.pass).send().await.status, 204);
            let report = api.bookings.report(&campaign).await.expect("known");
            assert_eq!(report.departures, [], "a pass with an open hold is present");
        }
        for refused in [api.hold("c", 4, "k2"), api.book_slot("c", "Anna", "k3")] {
            let reply = refused.send().await;
            assert_eq!((reply.status, reply.code()), (409, "pass-ended"));
        }
        let renewal = api.request(&Method::POST, &format!("/v1/holds/{id}/renewal"));
        let renewal = renewal.bearer(&api.pass).header("idempotency-key", "k4").send().await;
        assert_eq!((renewal.status, renewal.code()), (409, "pass-ended"));
        assert_eq!(api.hold("c", 1, "k1").send().await.json, held.json, "the same reply");
        assert_eq!(api.book_hold(id, "Anna", "k5").send().await.status, 201);
        let report = api.bookings.report(&campaign).await.expect("known");
        assert_eq!(report.departures.len(), 1);
        let german = api.hold("c", 1, "k6").header("accept-language", "de").send().await;
        assert_eq!(german.json["title"], "Sie sind gegangen");
    }

    #[actix_web::test]
    async fn only_a_pass_of_this_campaign_can_be_ended() {
        let api = Api::start().await;
        assert_eq!(end(&api, "rehearsal").send().await.code(), "pass-invalid");
        let foreign = end(&api, "rehearsal").bearer(&api.pass_of("07318000", "x")).send().await;
        assert_eq!((foreign.status, foreign.code()), (403, "pass-wrong-campaign"));
        let unknown = end(&api, "x").bearer(&api.pass_of("07318000", "x")).send().await;
        assert_eq!((unknown.status, unknown.code()), (404, "campaign-not-found"));
        assert_eq!(api.hold("c", 1, "k1").send().await.status, 201);
    }
}
