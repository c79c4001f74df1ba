//! `POST /v1/rooms/{room}/passes`: redeem a called ticket for its pass.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::service::outcome::RedeemOutcome;
use web::reply;
use web::{Code, Problem, bearer};

use crate::app::App;
use crate::refusal::{self, RoomInPath};
use crate::wire::Pass;

web::problem_responses!(
    /// What a redemption can be refused with.
    RedeemProblems of RoomInPath:
        TicketInvalid, NotYourTurn, PassUsed, RoomClosed, RateLimited, Overloaded, Unavailable
);

/// The pass, and the ticket that it was given for.
#[derive(Serialize, ToSchema)]
struct TakenPass {
    #[serde(flatten)]
    pass: Pass,
    /// The ticket signed anew: keep it instead of the one that was presented. It proves that the pass was
    /// given out, so that asking with it tells when the pass has ended.
    #[schema(example = "AgEAAAABYMcf…")]
    ticket: String,
}

/// Redeem a ticket for its pass.
///
/// Each subject has one pass, however many tickets it has. Repeating the request while the pass is valid
/// gives the same bytes, so a lost answer costs nothing. The problem `not-your-turn` has `retry_after_s`;
/// `pass-used` has `ticket`, signed anew, with which asking gives the state `used`.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    security(("ticket" = [])),
    responses(
        (
            status = 201,
            description = "The pass.",
            body = TakenPass,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        RedeemProblems,
    ),
)]
#[post("/v1/rooms/{room}/passes")]
pub(crate) async fn redeem(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    app.limits.redeem.check(&request)?;
    let ticket = bearer(&request, Code::TicketInvalid)?;
    match redeemed(&app, room.name(), ticket).await? {
        RedeemOutcome::Pass { pass, ticket } => {
            let taken = TakenPass { pass: Pass::from(pass), ticket };
            Ok(reply::private(StatusCode::CREATED, &taken))
        }
        RedeemOutcome::NotYourTurn { retry_after_s } => {
            Err(Problem::new(Code::NotYourTurn).retry_after_s(retry_after_s.into()))
        }
        RedeemOutcome::Used { ticket } => Err(Problem::new(Code::PassUsed).with("ticket", ticket)),
        RedeemOutcome::Closed => Err(Problem::new(Code::RoomClosed)),
    }
}

/// What redeeming this ticket comes to, within the limit of its pass.
pub(crate) async fn redeemed(
    app: &App,
    room: &str,
    ticket: &str,
) -> Result<RedeemOutcome, Problem> {
    let pass_id = app.rooms.pass_id(room, ticket).map_err(refusal::problem)?;
    app.limits.redeem_by_pass.check(&pass_id)?;
    app.rooms.redeem(room, ticket).await.map_err(refusal::problem)
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use waiting_room::live::LiveChange;
    use web::test_client::Call;

    use crate::harness::{Harness, snapshot};

    const URI: &str = "/v1/rooms/town/passes";

    fn redeem(harness: &Harness, ticket: &str) -> Call {
        harness.request(&Method::POST, URI).header("authorization", ticket)
    }

    #[actix_web::test]
    async fn a_called_ticket_is_redeemed_and_a_repetition_gets_the_same_bytes() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        harness.at(0).await;
        let first = redeem(&harness, &ticket).send().await;
        assert_eq!(first.header("cache-control"), "no-store");
        insta::assert_snapshot!(snapshot(&first), @r#"
        201 {
          "expires_at": "2021-06-14T06:15:00.000Z",
          "pass": "<token>",
          "ticket": "<token>"
        }
        "#);
        harness.at(300).await;
        let again = redeem(&harness, &ticket).send().await;
        assert_eq!((again.status, again.bytes), (201, first.bytes));
    }

    #[actix_web::test]
    async fn a_ticket_that_is_not_called_waits() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        let reply = redeem(&harness, &ticket).send().await;
        let retry_after_s = reply.json["retry_after_s"].as_u64().expect("seconds");
        assert!((20..=30).contains(&retry_after_s), "{retry_after_s}");
        assert_eq!(reply.header("retry-after"), retry_after_s.to_string());
        insta::assert_snapshot!(snapshot(&reply), @r#"
        409 {
          "code": "not-your-turn",
          "detail": "Your place in line is safe. You need not do anything; please wait a little longer.",
          "request_id": "<id>",
          "retry_after_s": "<seconds>",
          "status": 409,
          "title": "It is not your turn yet",
          "type": "/problems/not-your-turn"
        }
        "#);
    }

    #[actix_web::test]
    async fn in_a_paused_room_a_called_ticket_waits_and_nothing_is_lost() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        harness.at(0).await;
        harness.set(LiveChange { paused: Some(true), ..LiveChange::default() }).await;
        let reply = redeem(&harness, &ticket).send().await;
        assert_eq!((reply.status, reply.code()), (409, "not-your-turn"));
        harness.set(LiveChange { paused: Some(false), ..LiveChange::default() }).await;
        assert_eq!(redeem(&harness, &ticket).send().await.status, 201);
    }

    #[actix_web::test]
    async fn a_ticket_has_one_pass() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        harness.at(0).await;
        assert_eq!(redeem(&harness, &ticket).send().await.status, 201);
        harness.at(901).await;
        insta::assert_snapshot!(snapshot(&redeem(&harness, &ticket).send().await), @r#"
        409 {
          "code": "pass-used",
          "detail": "Its pass has been used or has expired. If somebody else needs a place, please enter the waiting room again.",
          "request_id": "<id>",
          "status": 409,
          "ticket": "<token>",
          "title": "This ticket has already let you in",
          "type": "/problems/pass-used"
        }
        "#);
    }

    #[actix_web::test]
    async fn without_a_ticket_there_is_no_pass() {
        let harness = Harness::start().await;
        let reply = harness.request(&Method::POST, URI).send().await;
        assert_eq!((reply.status, reply.code()), (401, "ticket-invalid"));
        let reply = redeem(&harness, "Bearer nonsense").send().await;
        assert_eq!((reply.status, reply.code()), (401, "ticket-invalid"));
    }

    #[actix_web::test]
    async fn a_store_that_is_down_keeps_the_ticket_valid() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        harness.at(0).await;
        harness.store.set_down(true);
        let reply = redeem(&harness, &ticket).send().await;
        assert_eq!((reply.status, reply.code()), (503, "unavailable"));
        assert_ne!(reply.header("retry-after"), "");
        harness.store.set_down(false);
        assert_eq!(redeem(&harness, &ticket).send().await.status, 201);
    }
}
