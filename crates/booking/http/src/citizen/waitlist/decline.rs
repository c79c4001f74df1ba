//! POST /v1/waitlist/{entry}/offers/{offer}/decline

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::{AfterDeclining, DeclineOutcome};
use serde::Deserialize;
use utoipa::ToSchema;
use web::reply;
use web::{Body, Code, Problem, problem_responses};

use crate::app::App;
use crate::authorize::waitlist_token;
use crate::refusal::{EntryInPath, OfferInPath};

/// What the person does then.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Declining {
    /// Whether the person goes on waiting for another slot, behind those who have missed fewer offers. Otherwise they
    /// leave the waitlist.
    #[schema(example = true)]
    stay: bool,
}

problem_responses!(
    /// What declining an offer can be refused with.
    DeclineProblems of EntryInPath, OfferInPath, Body<Declining>:
        WaitlistTokenInvalid, OfferExpired, OfferOver, Overloaded, Unavailable
);

/// Decline an offer.
///
/// The place goes to whoever comes next, and its slot is not offered to this person again. Repeating it changes
/// nothing, so no key is needed.
#[utoipa::path(
    tag = "waitlist",
    params(EntryInPath, OfferInPath),
    request_body = Declining,
    responses((status = 204, description = "The offer is declined."), DeclineProblems),
    security(("waitlist_token" = [])),
)]
#[post("/v1/waitlist/{entry}/offers/{offer}/decline")]
pub(crate) async fn decline_offer(
    app: Data<App>,
    EntryInPath(entry): EntryInPath,
    OfferInPath(offer): OfferInPath,
    request: HttpRequest,
    body: Body<Declining>,
) -> Result<HttpResponse, Problem> {
    let token = waitlist_token(&request)?;
    let then = if body.0.stay { AfterDeclining::Stay } else { AfterDeclining::Leave };
    let outcome = app.bookings.decline_offer(entry, token, offer, then).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        DeclineOutcome::Declined => Ok(reply::done()),
        DeclineOutcome::EntryNotFound => Err(Problem::new(Code::WaitlistEntryNotFound)),
        DeclineOutcome::TokenInvalid => Err(Problem::new(Code::WaitlistTokenInvalid)),
        DeclineOutcome::OfferNotFound => Err(Problem::new(Code::OfferNotFound)),
        DeclineOutcome::OfferExpired => Err(Problem::new(Code::OfferExpired)),
        DeclineOutcome::OfferEnded => Err(Problem::new(Code::OfferOver)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::json;
    use web::test_client::{Call, Reply};

    use super::Declining;
    use crate::harness::{Api, OfferOf};

    fn decline(api: &Api, joined: &Reply, offer: &OfferOf, stay: bool) -> Call {
        let token = joined.json["waitlist_token"].as_str().expect("a token");
        let call = api.request(&Method::POST, &format!("{}/decline", offer.path)).bearer(token);
        call.json(&json!({"stay": stay}))
    }

    #[actix_web::test]
    async fn the_place_goes_to_the_next_one() {
        let (api, anna) = Api::sold_out().await;
        let berta = api.join("Berta", "w1").send().await;
        let carla = api.join("Carla", "w2").send().await;
        api.cancel(&anna).await;
        let offer = api.offer_of(&berta).await;
        for _ in 0..2 {
            assert_eq!(decline(&api, &berta, &offer, true).send().await.status, 204);
        }
        let shown = api.entry(&berta).await.json;
        assert_eq!((&shown["state"], &shown["offers_missed"]), (&json!("waiting"), &json!(1)));
        assert_eq!(shown["position"], 2, "behind who has missed none");
        let next = api.offer_of(&carla).await;
        let refused = api.accept(&berta, &offer.id, "a1").send().await;
        assert_eq!((refused.status, refused.code()), (409, "offer-over"));
        assert_eq!(decline(&api, &carla, &next, false).send().await.status, 204);
        assert_eq!(api.entry(&carla).await.json["state"], "left");
        let refused = api.accept(&carla, &next.id, "a1").send().await;
        assert_eq!((refused.status, refused.code()), (409, "waitlist-left"));
    }

    #[actix_web::test]
    async fn refusals_are_problems() {
        let (api, anna) = Api::sold_out().await;
        let berta = api.join("Berta", "w1").send().await;
        api.cancel(&anna).await;
        let offer = api.offer_of(&berta).await;
        let unknown = |id: &str| OfferOf {
            id: id.to_owned(),
            path: format!("{}/offers/{id}", berta.header("location")),
        };
        let cases = [
            (decline(&api, &berta, &offer, true).bearer("forged"), 401, "waitlist-token-invalid"),
            (decline(&api, &berta, &unknown("x"), true), 404, "offer-not-found"),
            (decline(&api, &berta, &offer, true).json(&json!({})), 400, "invalid-request"),
        ];
        for (call, status, code) in cases {
            let reply = call.send().await;
            assert_eq!((reply.status, reply.code()), (status, code), "{reply}");
        }
        assert_eq!(api.accept(&berta, &offer.id, "a1").send().await.status, 201);
        let over = decline(&api, &berta, &offer, true).send().await;
        assert_eq!((over.status, over.code()), (409, "offer-over"));
    }

    #[test]
    fn the_body_is_described() {
        web::test_client::assert_refusals_are_described::<Declining>(&json!({"stay": true}));
    }
}
