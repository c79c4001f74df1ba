//! DELETE /v1/holds/{hold}

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete};
use booking::ReleaseOutcome;
use web::reply;
use web::{Code, Problem, problem_responses};

use crate::app::App;
use crate::refusal::HoldInPath;

problem_responses!(
    /// What a release can be refused with.
    ReleaseProblems of HoldInPath:
        PassInvalid, HoldEnded, Overloaded, Unavailable
);

/// Release a hold.
///
/// Its seats that have no person yet are given back. Repeating it changes nothing. Bookings made on the hold stay. A hold whose seats are all booked is `hold-ended`: cancel the
/// bookings instead.
#[utoipa::path(
    tag = "holds",
    params(HoldInPath),
    responses((status = 204, description = "The seats are free."), ReleaseProblems),
    security(("pass" = [])),
)]
#[delete("/v1/holds/{hold}")]
pub(crate) async fn release_hold(
    app: Data<App>,
    HoldInPath(hold): HoldInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let pass = app.pass_of_any_campaign(&request).await?;
    let outcome = app.bookings.release_hold(pass, hold).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        ReleaseOutcome::Released => Ok(reply::done()),
        ReleaseOutcome::HoldNotFound => Err(Problem::new(Code::HoldNotFound)),
        ReleaseOutcome::HoldBooked => Err(Problem::new(Code::HoldEnded)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use crate::harness::Api;

    #[actix_web::test]
    async fn gives_seats_back_once() {
        let api = Api::start().await;
        let held = api.hold("b", 2, "k1").send().await;
        let path = format!("/v1/holds/{}", held.json["id"].as_str().expect("an id"));
        let release = || api.request(&Method::DELETE, &path);
        assert_eq!(release().send().await.code(), "pass-invalid");
        let stranger = release().bearer(&api.pass_of("07318000", "rehearsal")).send().await;
        assert_eq!((stranger.status, stranger.code()), (404, "hold-not-found"));
        for _ in 0..2 {
            assert_eq!(release().bearer(&api.pass).send().await.status, 204);
        }
        assert_eq!(api.hold("b", 2, "k2").send().await.status, 201, "the seats are free again");
    }

    #[actix_web::test]
    async fn a_booked_hold_cannot_be_released() {
        let api = Api::start().await;
        let held = api.hold("b", 1, "k1").send().await;
        let id = held.json["id"].as_str().expect("an id");
        assert_eq!(api.book_hold(id, "Anna", "k2").send().await.status, 201);
        let released =
            api.request(&Method::DELETE, &format!("/v1/holds/{id}")).bearer(&api.pass).send().await;
        assert_eq!((released.status, released.code()), (409, "hold-ended"));
    }
}
