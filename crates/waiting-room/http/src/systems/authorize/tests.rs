use std::time::Duration;

use actix_web::http::Method;
use web::test_client::{Call, Reply};

use crate::harness::{Harness, snapshot};

const PAGE: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
const WAITING: &str =
    "https://warten.example/town?return_to=https%3A%2F%2Fshop.example%2Fticket%3Fday%3D1";

fn ask(harness: &Harness, room: &str) -> Call {
    harness
        .get(&format!("/v1/authorize?room={room}"))
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "shop.example")
        .header("x-forwarded-uri", "/ticket?day=1")
}

fn with_cookie(call: Call, room: &str, pass: &str) -> Call {
    call.header("cookie", format!("session=1; __Host-einlass-{room}={pass}"))
}

async fn decision(call: Call) -> (u16, String) {
    let reply = call.send().await;
    assert_eq!(reply.header("cache-control"), "no-store", "{reply}");
    let told = reply.code().to_owned() + reply.header("einlass-decision");
    (reply.status, told)
}

#[actix_web::test]
async fn a_pass_lets_through_wherever_it_is() {
    let harness = Harness::start().await;
    let (_, pass) = harness.admitted().await;
    let calls = [
        with_cookie(ask(&harness, "town"), "town", &pass),
        ask(&harness, "town").bearer(&pass),
        ask(&harness, "town").header("einlass-pass", &pass),
        // The site has tokens of its own.
        with_cookie(ask(&harness, "town").bearer("session-of-the-shop"), "town", &pass),
        with_cookie(ask(&harness, "town").header("authorization", "Basic eDp5"), "town", &pass),
    ];
    for call in calls {
        let reply = call.send().await;
        let headers =
            ["cache-control", "einlass-decision", "einlass-pass-ags", "einlass-pass-ends"];
        assert_eq!(
            (reply.status, headers.map(|name| reply.header(name))),
            (204, ["no-store", "pass", "07318000", "2021-06-14T06:15:10.000Z"])
        );
        assert_eq!(reply.header("einlass-pass-id"), harness.pass_id(&pass).to_string());
    }
}

#[actix_web::test]
async fn a_browser_is_sent_to_the_waiting_page_and_back() {
    let harness = Harness::start().await;
    let reply = ask(&harness, "town").header("accept", PAGE).send().await;
    assert_eq!((reply.status, reply.header("location"), reply.bytes.len()), (303, WAITING, 0));
    assert_eq!(reply.header("cache-control"), "no-store");
    let navigates =
        ask(&harness, "town").header("accept", PAGE).header("sec-fetch-mode", "navigate");
    assert_eq!(navigates.send().await.status, 303);
    let of_nginx = harness.get("/v1/authorize?room=town").header("accept", PAGE);
    let of_nginx = of_nginx.header("x-original-url", "https://shop.example/ticket?day=1");
    assert_eq!(of_nginx.send().await.header("location"), WAITING);
    let posted = ask(&harness, "town").header("accept", PAGE).header("x-forwarded-method", "POST");
    let front = "https://warten.example/town?return_to=https%3A%2F%2Fshop.example%2F";
    assert_eq!(posted.send().await.header("location"), front);
    let elsewhere = ask(&harness, "town").header("x-forwarded-host", "evil.example");
    let reply = elsewhere.header("accept", PAGE).send().await;
    assert_eq!((reply.status, reply.header("location")), (303, "https://warten.example/town"));
}

#[actix_web::test]
async fn a_machine_is_told_what_it_needs() {
    let harness = Harness::start().await;
    let reply = ask(&harness, "town").send().await;
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    insta::assert_snapshot!(snapshot(&reply), @r#"
    401 {
      "code": "pass-required",
      "detail": "Please go through the waiting room first; its page is in `waiting_page`, where there is one. A pass that you had has expired or was given back.",
      "request_id": "<id>",
      "status": 401,
      "title": "You need a pass from the waiting room for this",
      "type": "/problems/pass-required",
      "waiting_page": "https://warten.example/town?return_to=https%3A%2F%2Fshop.example%2Fticket%3Fday%3D1"
    }
    "#);
    for accept in ["*/*", "application/json", "text/html;q=0, */*", "text/htmlx", "image/avif,*/*"]
    {
        let refused = ask(&harness, "town").header("accept", accept);
        assert_eq!(decision(refused).await, (401, "pass-required".into()), "{accept}");
    }
    let script = ask(&harness, "town").header("accept", PAGE).header("sec-fetch-mode", "cors");
    assert_eq!(decision(script).await, (401, "pass-required".into()));
}

#[actix_web::test]
async fn what_is_no_pass_of_the_room_lets_nobody_through() {
    let harness = Harness::start().await;
    let (ticket, pass) = harness.admitted().await;
    let ticket = ticket.trim_start_matches("Bearer ");
    let (head, signature) = pass.rsplit_once('.').expect("a JWT");
    let changed = if signature.starts_with('A') { 'B' } else { 'A' };
    let tampered = format!("{head}.{changed}{}", &signature[1..]);
    let required = (401, "pass-required".to_owned());
    for token in [&tampered, head, ticket, "x", ""] {
        let refused = with_cookie(ask(&harness, "town"), "town", token);
        assert_eq!(decision(refused).await, required, "{token}");
    }
    let of_another = with_cookie(ask(&harness, "town"), "village", &pass);
    assert_eq!(decision(of_another).await, required, "the cookie of another room");
    let elsewhere = with_cookie(ask(&harness, "village"), "village", &pass);
    assert_eq!(decision(elsewhere).await, required, "another room");
    let call = || with_cookie(ask(&harness, "town"), "town", &pass);
    harness.at(10 + 904).await;
    assert_eq!(decision(call()).await.0, 204, "the clocks may be five seconds apart");
    harness.at(10 + 905).await;
    assert_eq!(decision(call()).await, required, "over");
}

#[actix_web::test]
async fn a_pass_that_was_given_back_lets_nobody_through() {
    let harness = Harness::start().await;
    let (_, pass) = harness.admitted().await;
    let call = || ask(&harness, "town").bearer(&pass);
    assert_eq!(decision(call()).await.0, 204);
    let leave = harness.request(&Method::DELETE, "/v1/rooms/town/passes/current").bearer(&pass);
    assert_eq!(leave.send().await.status, 204);
    assert_eq!(
        decision(call()).await,
        (401, "pass-required".into()),
        "at once, where it was given back"
    );
    harness.store.set_down(true);
    harness.clock.advance(Duration::from_mins(1));
    assert_eq!(decision(call()).await.0, 401, "that is not forgotten");
}

/// Given back at another instance, that is.
#[actix_web::test]
async fn what_only_the_store_knows_is_known_within_seconds() {
    let harness = Harness::start().await;
    let (_, pass) = harness.admitted().await;
    let call = || ask(&harness, "town").bearer(&pass);
    assert_eq!(decision(call()).await.0, 204);
    harness.depart(&pass).await;
    harness.clock.advance(Duration::from_secs(4));
    assert_eq!(decision(call()).await.0, 204, "remembered");
    harness.clock.advance(Duration::from_secs(1));
    assert_eq!(decision(call()).await.0, 401);
}

/// P13: whoever is in stays in, whatever the store does.
#[actix_web::test]
async fn without_the_store_a_pass_is_good_until_its_end() {
    let harness = Harness::start().await;
    let (_, pass) = harness.admitted().await;
    harness.store.set_down(true);
    let reply = ask(&harness, "town").bearer(&pass).send().await;
    assert_eq!((reply.status, reply.header("einlass-decision")), (204, "pass"));
    assert_eq!(decision(ask(&harness, "town")).await, (401, "pass-required".into()));
    assert_eq!(decision(ask(&harness, "village")).await.0, 401, "nor is it silent for long");
}

/// Nobody gets a pass then: what the operator has said holds.
#[actix_web::test]
async fn while_the_store_is_silent_the_fail_mode_holds() {
    let harness = Harness::renewed_every(Duration::from_millis(1)).await;
    harness.store.set_down(true);
    let open = async || decision(ask(&harness, "village")).await;
    let mut told = open().await;
    while told.0 == 401 {
        actix_web::rt::task::yield_now().await;
        told = open().await;
    }
    assert_eq!(told, (204, "open".into()));
    assert_eq!(decision(ask(&harness, "town")).await, (401, "pass-required".into()), "closed");
    harness.store.set_down(false);
    let harness = Harness::start().await;
    assert_eq!(
        decision(ask(&harness, "village")).await,
        (401, "pass-required".into()),
        "it answers"
    );
}

#[actix_web::test]
async fn of_a_room_that_is_not_here_the_fail_mode_decides() {
    let harness = Harness::start().await;
    let (_, pass) = harness.admitted().await;
    assert_eq!(decision(ask(&harness, "nowhere")).await, (204, "open".into()));
    let lost = ask(&harness, "lost").header("accept", PAGE).send().await;
    assert_eq!((lost.status, lost.code()), (503, "unavailable"));
    assert_ne!(lost.header("retry-after"), "");
    for room in ["unknown", "no%20name", ""] {
        let reply = ask(&harness, room).bearer(&pass).send().await;
        assert_eq!((reply.status, reply.code()), (404, "room-not-found"), "{room}");
    }
    let reply: Reply = harness.get("/v1/authorize").send().await;
    assert_eq!((reply.status, reply.fields()), (400, vec!["room"]));
}

/// A room without a guard is asked by programs that know where to go.
#[actix_web::test]
async fn a_room_without_a_guard_has_no_page() {
    let harness = Harness::start().await;
    let reply = ask(&harness, "people").header("accept", PAGE).send().await;
    assert_eq!((reply.status, reply.code()), (401, "pass-required"));
    assert!(reply.json.get("waiting_page").is_none(), "{reply}");
}
