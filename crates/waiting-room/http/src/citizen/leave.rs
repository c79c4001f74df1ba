//! `DELETE /v1/rooms/{room}/passes/current`: leave early, so that the next one can come in.

use actix_web::http::header::SET_COOKIE;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete};
use waiting_room::service::outcome::LeaveOutcome;
use web::reply;
use web::{Code, Problem, optional_bearer};

use crate::app::App;
use crate::cookie::Cookie;
use crate::refusal::{self, RoomInPath};

web::problem_responses!(
    /// What leaving can be refused with.
    LeaveProblems of RoomInPath:
        PassInvalid, LeaveAtBooking, Overloaded, Unavailable
);

/// Give a pass back before its time.
///
/// The waiting room lets somebody else in, and the ticket cannot be redeemed again. Repeatable until the
/// pass expires. A browser that keeps the pass in a cookie need not send it otherwise; the cookie goes, and with it that of the waiting page's ticket. Where a booking service reports for the room, the pass is given back there, as the
/// problem `leave-at-booking` says.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    security(("pass" = [])),
    responses((status = 204, description = "The pass is ended."), LeaveProblems),
)]
#[delete("/v1/rooms/{room}/passes/current")]
pub(crate) async fn leave(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let kept = Cookie::pass(room.name()).read(request.headers());
    let pass = optional_bearer(&request, Code::PassInvalid)?.or(kept);
    let pass = pass.ok_or_else(|| Problem::new(Code::PassInvalid))?;
    let left = app.rooms.leave(room.name(), pass).await;
    match left.map_err(refusal::problem)? {
        LeaveOutcome::Left => {
            let mut response = reply::done();
            // The ticket has no other pass: whoever comes back to the waiting page joins anew.
            for cookie in [Cookie::pass(room.name()), Cookie::ticket(room.name())] {
                let is_kept = cookie.read(request.headers()).is_some();
                if let Some(cookie) = cookie.forget().filter(|_| is_kept) {
                    response.headers_mut().append(SET_COOKIE, cookie);
                }
            }
            Ok(response)
        }
        LeaveOutcome::LeaveAtBooking => Err(Problem::new(Code::LeaveAtBooking)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use web::test_client::Call;

    use crate::harness::{Harness, snapshot};

    fn leave(harness: &Harness, pass: &str) -> Call {
        let bearer = format!("Bearer {pass}");
        harness
            .request(&Method::DELETE, "/v1/rooms/town/passes/current")
            .header("authorization", bearer)
    }

    #[actix_web::test]
    async fn whoever_leaves_makes_room_and_does_not_come_back() {
        let harness = Harness::start().await;
        let (ticket, pass) = harness.admitted().await;
        assert_eq!(harness.view().state.active, 1);
        for _ in 0..2 {
            let reply = leave(&harness, &pass).send().await;
            assert_eq!((reply.status, reply.bytes.len()), (204, 0));
        }
        harness.renew().await;
        assert_eq!(harness.view().state.active, 0);
        let again = harness.request(&Method::POST, "/v1/rooms/town/passes");
        let again = again.header("authorization", ticket).send().await;
        assert_eq!((again.status, again.code()), (409, "pass-used"));
    }

    #[actix_web::test]
    async fn a_browser_leaves_with_its_cookie_which_goes() {
        let harness = Harness::start().await;
        let (_, pass) = harness.admitted().await;
        let call = harness.request(&Method::DELETE, "/v1/rooms/town/passes/current");
        let reply = call.header("cookie", format!("a=b; __Host-einlass-town={pass}")).send().await;
        assert_eq!(reply.status, 204);
        let gone = "__Host-einlass-town=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax";
        assert_eq!(reply.header("set-cookie"), gone);
        harness.renew().await;
        assert_eq!(harness.view().state.active, 0);
    }

    /// Only there is it certain that nothing new begins with the pass: whoever left here and held seats
    /// there would count as nobody.
    #[actix_web::test]
    async fn where_a_booking_service_reports_the_pass_is_given_back_there() {
        let harness = Harness::start().await;
        let (_, pass) = harness.admitted().await;
        harness.report(7).await;
        harness.renew().await;
        insta::assert_snapshot!(snapshot(&leave(&harness, &pass).send().await), @r#"
        409 {
          "code": "leave-at-booking",
          "detail": "Send DELETE /v1/campaigns/{campaign}/passes/current with the pass to the booking API. Only the booking system can make sure that nothing new begins with it.",
          "request_id": "<id>",
          "status": 409,
          "title": "The pass is given back at the booking system",
          "type": "/problems/leave-at-booking"
        }
        "#);
        harness.renew().await;
        assert_eq!(harness.view().state.active, 1);
    }

    #[actix_web::test]
    async fn only_a_pass_of_this_room_can_be_ended() {
        let harness = Harness::start().await;
        let (ticket, pass) = harness.admitted().await;
        let ticket = ticket.trim_start_matches("Bearer ").to_owned();
        insta::assert_snapshot!(snapshot(&leave(&harness, &ticket).send().await), @r#"
        401 {
          "code": "pass-invalid",
          "detail": "The pass is missing, has expired or is not genuine. Please go back to the waiting room.",
          "request_id": "<id>",
          "status": 401,
          "title": "Your time for booking has run out",
          "type": "/problems/pass-invalid"
        }
        "#);
        let elsewhere = leave(&harness, &pass).path("/v1/rooms/village/passes/current");
        assert_eq!(elsewhere.send().await.status, 401);
        harness.at(2_000).await;
        assert_eq!(leave(&harness, &pass).send().await.status, 401, "it has expired");
    }
}
