//! DELETE /v1/waitlist/{entry}

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete};
use booking::LeaveOutcome;
use web::reply;
use web::{Code, Problem, problem_responses};

use crate::app::App;
use crate::authorize::waitlist_token;
use crate::refusal::EntryInPath;

problem_responses!(
    /// What leaving a waitlist can be refused with.
    LeaveProblems of EntryInPath:
        WaitlistTokenInvalid, AlreadyBooked, Overloaded, Unavailable
);

/// Leave the waitlist.
///
/// Who it was is erased, an offer goes to whoever comes next, and the seat comes back to the pass. Repeating it
/// changes nothing.
#[utoipa::path(
    tag = "waitlist",
    params(EntryInPath),
    responses((status = 204, description = "The person does not wait any more."), LeaveProblems),
    security(("waitlist_token" = [])),
)]
#[delete("/v1/waitlist/{entry}")]
pub(crate) async fn leave_waitlist(
    app: Data<App>,
    EntryInPath(entry): EntryInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let token = waitlist_token(&request)?;
    let outcome = app.bookings.leave_waitlist(entry, token).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        LeaveOutcome::Left => Ok(reply::done()),
        LeaveOutcome::EntryNotFound => Err(Problem::new(Code::WaitlistEntryNotFound)),
        LeaveOutcome::TokenInvalid => Err(Problem::new(Code::WaitlistTokenInvalid)),
        // Whoever has the token knows this person; the booking has a token of its own.
        LeaveOutcome::AlreadyBooked { .. } => Err(Problem::new(Code::AlreadyBooked)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::json;
    use web::test_client::{Call, Reply};

    use crate::harness::Api;

    fn leave(api: &Api, joined: &Reply) -> Call {
        let token = joined.json["waitlist_token"].as_str().expect("a token");
        api.request(&Method::DELETE, joined.header("location")).bearer(token)
    }

    #[actix_web::test]
    async fn whoever_leaves_makes_room_and_is_forgotten() {
        let (api, _) = Api::sold_out().await;
        let berta = api.join("Berta", "w1").send().await;
        assert_eq!(
            leave(&api, &berta).bearer("forged").send().await.code(),
            "waitlist-token-invalid"
        );
        for _ in 0..2 {
            assert_eq!(leave(&api, &berta).send().await.status, 204);
        }
        let shown = api.entry(&berta).await;
        let expected = json!({
            "id": berta.json["id"], "campaign": "rehearsal", "number": 1,
            "joined_at": "2021-06-14T06:00:00.000Z", "state": "left",
            "ended_at": "2021-06-14T06:00:00.000Z",
        });
        assert_eq!(shown.json, expected);
        assert_eq!(api.join("Berta", "w2").send().await.status, 201, "and may come again");
        let unknown = api.request(&Method::DELETE, "/v1/waitlist/x").bearer("x").send().await;
        assert_eq!((unknown.status, unknown.code()), (404, "waitlist-entry-not-found"));
    }

    #[actix_web::test]
    async fn whoever_has_a_place_gives_that_back_instead() {
        let (api, anna) = Api::sold_out().await;
        let berta = api.join("Berta", "w1").send().await;
        api.cancel(&anna).await;
        let offer = api.offer_of(&berta).await;
        assert_eq!(api.accept(&berta, &offer.id, "a1").send().await.status, 201);
        let reply = leave(&api, &berta).send().await;
        assert_eq!((reply.status, reply.code()), (409, "already-booked"));
    }
}
