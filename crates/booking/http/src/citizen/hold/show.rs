//! GET /v1/holds/{hold}

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking::HoldLookup;
use web::reply;
use web::{Code, Problem, problem_responses};

use crate::app::App;
use crate::citizen::hold::HoldBody;
use crate::refusal::HoldInPath;

problem_responses!(
    /// What looking at a hold can be refused with.
    HoldProblems of HoldInPath:
        PassInvalid, Overloaded, Unavailable
);

/// Show a hold.
///
/// Only to the pass it was made with.
#[utoipa::path(
    tag = "holds",
    params(HoldInPath),
    responses((status = 200, body = HoldBody, description = "The hold."), HoldProblems),
    security(("pass" = [])),
)]
#[get("/v1/holds/{hold}")]
pub(crate) async fn show_hold(
    app: Data<App>,
    HoldInPath(hold): HoldInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let pass = app.pass_of_any_campaign(&request).await?;
    let lookup = app.bookings.find_hold(&pass, hold).await;
    match lookup.map_err(|failure| app.problem(failure))? {
        HoldLookup::Found { facts, state } => {
            Ok(reply::private(StatusCode::OK, &HoldBody::new(&facts, state)))
        }
        HoldLookup::HoldNotFound => Err(Problem::new(Code::HoldNotFound)),
    }
}

#[cfg(test)]
mod tests {
    use booking::contract::scene;
    use serde_json::json;

    use crate::harness::Api;

    #[actix_web::test]
    async fn shows_a_hold_to_its_pass_only() {
        let api = Api::start().await;
        let held = api.hold("c", 2, "k1").send().await;
        let path = format!("/v1/holds/{}", held.json["id"].as_str().expect("an id"));
        let reply = api.get(&path).bearer(&api.pass).send().await;
        assert_eq!((reply.status, &reply.json), (200, &held.json));
        assert_eq!(api.book_slot("c", "Anna", "k2").send().await.status, 201);
        let reply = api.get(&path).bearer(&api.pass).send().await;
        assert_eq!(reply.json["seats_left"], json!(1), "of four, two are held and one is booked");
        let stranger = api.get(&path).bearer(&api.pass_of("07318000", "rehearsal")).send().await;
        assert_eq!((stranger.status, stranger.code()), (404, "hold-not-found"));
        for path in ["/v1/holds/hold_00000000000000000000000000000000", "/v1/holds/x"] {
            let reply = api.get(path).bearer(&api.pass).send().await;
            assert_eq!((reply.status, reply.code()), (404, "hold-not-found"), "{path}");
        }
        assert_eq!(api.get(&path).send().await.code(), "pass-invalid");
        assert_eq!(api.get(&path).bearer("a.b.c").send().await.code(), "pass-invalid");

        api.clock.set(scene::at(480));
        api.refreshed().await;
        let ended = api.get(&path).bearer(&api.pass).send().await;
        assert_eq!(
            (&ended.json["state"], &ended.json["renewable"], &ended.json["seats_left"]),
            (&json!("released"), &json!(false), &json!(3))
        );
    }
}
