//! `GET /v1/rooms/{room}/ticket`: where a ticket stands. Answered from memory, whatever the store
//! does (P13).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use web::reply;
use web::{Code, Problem, bearer};

use crate::app::App;
use crate::refusal::{self, RoomInPath};
use crate::wire::TicketState;

web::problem_responses!(
    /// What asking with a ticket can be refused with.
    TicketProblems: TicketInvalid, RoomNotFound
);

/// Where the presented ticket stands.
///
/// Ask again after `poll_after_s`. Asking costs no place and needs no store.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    security(("ticket" = [])),
    responses(
        (
            status = 200,
            description = "The state of the ticket.",
            body = TicketState,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        TicketProblems,
    ),
)]
#[get("/v1/rooms/{room}/ticket")]
pub(crate) async fn show_ticket(
    app: Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let ticket = bearer(&request, Code::TicketInvalid)?;
    let answer = app.rooms.ask(refusal::room(&request), ticket).map_err(refusal::problem)?;
    Ok(reply::private(StatusCode::OK, &TicketState::from(&answer)))
}

#[cfg(test)]
mod tests {
    use crate::harness::{Harness, get};

    const URI: &str = "/v1/rooms/town/ticket";

    #[actix_web::test]
    async fn a_ticket_gathers_is_called_or_waits() {
        let harness = Harness::start().await;
        let tickets = harness.crowd(20).await;
        let reply = harness.send(get(URI).insert_header(("authorization", &*tickets[0]))).await;
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        insta::assert_snapshot!(reply, @r#"
        200 {
          "ahead": null,
          "entry": 0,
          "estimated_wait_s": null,
          "place": null,
          "poll_after_s": 30,
          "state": "gathering"
        }
        "#);
        harness.at(0).await;
        let mut called = Vec::new();
        let mut waiting = Vec::new();
        for ticket in &tickets {
            let reply = harness.send(get(URI).insert_header(("authorization", &**ticket))).await;
            if reply.body["state"] == "called" { &mut called } else { &mut waiting }.push(reply);
        }
        assert_eq!((called.len(), waiting.len()), (5, 15));
        let place = |reply: &crate::harness::Reply| reply.body["place"].as_u64();
        called.sort_by_key(place);
        waiting.sort_by_key(place);
        insta::assert_snapshot!(called[4], @r#"
        200 {
          "ahead": 0,
          "entry": 1,
          "estimated_wait_s": {
            "high": 0,
            "low": 0
          },
          "place": 4,
          "poll_after_s": 3,
          "state": "called"
        }
        "#);
        insta::assert_snapshot!(waiting[14], @r#"
        200 {
          "ahead": 14,
          "entry": 6,
          "estimated_wait_s": {
            "high": 21,
            "low": 11
          },
          "place": 19,
          "poll_after_s": 6,
          "state": "waiting"
        }
        "#);
    }

    #[actix_web::test]
    async fn only_a_genuine_ticket_of_this_room_is_answered() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        insta::assert_snapshot!(harness.send(get(URI)).await, @r#"
        401 {
          "code": "ticket-invalid",
          "detail": "The ticket is missing, incomplete or for another waiting room. Please enter the waiting room again.",
          "request_id": "<id>",
          "status": 401,
          "title": "This ticket is not valid",
          "type": "urn:einlass:problem:ticket-invalid"
        }
        "#);
        let middle = ticket.len() / 2;
        let other = if ticket[middle..].starts_with('x') { "y" } else { "x" };
        let forged = format!("{}{other}{}", &ticket[..middle], &ticket[middle + 1..]);
        for bad in ["Bearer x", "Basic x", &*forged, &*ticket.replacen("Bearer ", "Bearer A", 1)] {
            let reply = harness.send(get(URI).insert_header(("authorization", bad))).await;
            assert_eq!(
                (reply.status, &reply.body["code"]),
                (401, &"ticket-invalid".into()),
                "{bad}"
            );
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
        let elsewhere = get("/v1/rooms/village/ticket").insert_header(("authorization", &*ticket));
        assert_eq!(harness.send(elsewhere).await.status, 401);
        let nowhere = get("/v1/rooms/nowhere/ticket").insert_header(("authorization", &*ticket));
        assert_eq!(harness.send(nowhere).await.body["code"], "room-not-found");
    }

    #[actix_web::test]
    async fn polls_go_on_while_the_store_is_down() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        harness.store.set_down(true);
        harness.at(-30).await;
        for uri in [URI, "/v1/rooms/town"] {
            let reply = harness.send(get(uri).insert_header(("authorization", &*ticket))).await;
            assert_eq!(reply.status, 200, "P13: {uri}");
        }
        assert_eq!(harness.join_with("67346").await.status, 503);
        harness.store.set_down(false);
        assert_eq!(harness.join_with("67346").await.status, 201);
    }
}
