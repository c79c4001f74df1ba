//! POST /v1/holds/{hold}/renewal

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::{HoldState, RenewOutcome};
use web::reply;
use web::{Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::citizen::hold::HoldBody;
use crate::refusal::HoldInPath;

problem_responses!(
    /// What a renewal can be refused with.
    RenewalProblems of HoldInPath, IdempotencyKey:
        PassInvalid, HoldEnded, HoldNotRenewable, PassEnded, RequestInProgress, IdempotencyKeyReused,
        Overloaded, Unavailable
);

/// Renew a hold.
///
/// Its time starts again, once, but not beyond the end of the pass.
#[utoipa::path(
    tag = "holds",
    params(HoldInPath, IdempotencyKey),
    responses((status = 200, body = HoldBody, description = "The hold lasts longer."), RenewalProblems),
    security(("pass" = [])),
)]
#[post("/v1/holds/{hold}/renewal")]
pub(crate) async fn renew_hold(
    app: Data<App>,
    HoldInPath(hold): HoldInPath,
    key: IdempotencyKey,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let pass = app.pass_of_any_campaign(&request).await?;
    let outcome = app.bookings.renew_hold(pass, hold, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        RenewOutcome::Renewed(facts) => {
            Ok(reply::private(StatusCode::OK, &HoldBody::new(&facts, HoldState::Active)))
        }
        RenewOutcome::HoldNotFound => Err(Problem::new(Code::HoldNotFound)),
        RenewOutcome::HoldEnded => Err(Problem::new(Code::HoldEnded)),
        RenewOutcome::PassEnded => Err(Problem::new(Code::PassEnded)),
        RenewOutcome::NotRenewable => Err(Problem::new(Code::HoldNotRenewable)),
        RenewOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use booking::contract::scene;
    use serde_json::json;
    use web::test_client::Call;

    use crate::harness::Api;

    fn renew(api: &Api, id: &str, key: &str) -> Call {
        let path = format!("/v1/holds/{id}/renewal");
        api.request(&Method::POST, &path).bearer(&api.pass).header("idempotency-key", key)
    }

    #[actix_web::test]
    async fn renews_once() {
        let api = Api::start().await;
        let held = api.hold("c", 1, "k1").send().await;
        let id = held.json["id"].as_str().expect("an id");
        api.clock.set(scene::at(60));
        api.refreshed().await;
        let renewed = renew(&api, id, "k2").send().await;
        assert_eq!(renewed.status, 200, "{}", renewed.json);
        assert_eq!(renewed.json["expires_at"], "2021-06-14T06:09:00.000Z");
        assert_eq!(renewed.json["renewable"], json!(false));
        for member in ["site", "starts_at", "ends_at", "seats_left"] {
            assert_eq!(renewed.json[member], held.json[member], "{member}");
        }
        assert_eq!(renew(&api, id, "k2").send().await.json, renewed.json);
        let again = renew(&api, id, "k3").send().await;
        assert_eq!((again.status, again.code()), (409, "hold-not-renewable"));
        let reused = renew(&api, id, "k1").send().await;
        assert_eq!((reused.status, reused.code()), (422, "idempotency-key-reused"));
        let unknown = renew(&api, "hold_00000000000000000000000000000000", "k4").send().await;
        assert_eq!((unknown.status, unknown.code()), (404, "hold-not-found"));

        api.clock.set(scene::at(541));
        api.refreshed().await;
        let ended = renew(&api, id, "k5").send().await;
        assert_eq!((ended.status, ended.code()), (409, "hold-ended"));
    }
}
