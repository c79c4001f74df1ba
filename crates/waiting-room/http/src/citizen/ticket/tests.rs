use actix_web::http::Method;
use serde_json::Value;
use waiting_room::lane::Lane;
use waiting_room::line::ticket::Ticket;
use waiting_room::live::{LiveChange, Message};
use web::test_client::{Call, Reply};

use crate::harness::{Harness, JOIN_SPEYER, bearer, snapshot};

const URI: &str = "/v1/rooms/town/ticket";

async fn ask(harness: &Harness, ticket: &str) -> Reply {
    harness.get(URI).header("authorization", ticket).send().await
}

async fn take(harness: &Harness, ticket: &str) -> Reply {
    let take = harness.request(&Method::POST, "/v1/rooms/town/passes");
    take.header("authorization", ticket).send().await
}

#[actix_web::test]
async fn a_ticket_gathers_before_the_draw() {
    let harness = Harness::start().await;
    let ticket = harness.crowd(20).await.swap_remove(0);
    let reply = ask(&harness, &ticket).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    insta::assert_snapshot!(snapshot(&reply), @r#"
    200 {
      "entry": 0,
      "epoch": 1623646400,
      "issued_at": "2021-06-14T05:59:00.000Z",
      "lane": "public",
      "message": null,
      "next_opening": {
        "gathers_from": "2021-06-14T05:00:00.000Z",
        "held": false,
        "index": 0,
        "opens_at": "2021-06-14T06:00:00.000Z"
      },
      "now": "<time>",
      "phase": "gathering",
      "poll_after_s": "<seconds>",
      "state": "gathering",
      "subject": "<subject>"
    }
    "#);
    let poll_after_s = reply.json["poll_after_s"].as_u64().expect("seconds");
    assert!((20..=30).contains(&poll_after_s), "{poll_after_s}");
    let subject = reply.json["subject"].as_str().expect("a subject");
    assert_eq!(subject.len(), 32);
    assert_eq!(
        u128::from_str_radix(subject, 16).map(u128::to_be_bytes),
        Ok(*harness.ticket(&ticket).subject.as_bytes())
    );
}

#[actix_web::test]
async fn after_the_draw_a_ticket_is_called_or_waits() {
    let harness = Harness::start().await;
    let tickets = harness.crowd(20).await;
    harness.at(0).await;
    let mut replies = Vec::new();
    for ticket in &tickets {
        replies.push(ask(&harness, ticket).await);
    }
    let called = harness.view().state.memory.called[Lane::Public];
    assert!((5..20).contains(&called), "{called}");
    for reply in &replies {
        let place = reply.json["place"].as_u64().expect("a place");
        let is_called = place < called;
        assert_eq!(reply.json["state"], if is_called { "called" } else { "waiting" });
        assert_eq!(reply.json["ahead"].as_u64(), Some(place.saturating_sub(called)));
        let wait_s = |bound: &str| reply.json["estimated_wait_s"][bound].as_u64();
        assert_eq!(wait_s("high") == Some(0), is_called);
        assert!(wait_s("low") <= wait_s("high"));
    }
    replies.sort_by_key(|reply| reply.json["place"].as_u64());
    let poll_after_s = |reply: &Reply| reply.json["poll_after_s"].as_u64().expect("seconds");
    assert!(replies.iter().map(poll_after_s).all(|s| (1..=30).contains(&s)));
    insta::assert_snapshot!(snapshot(&replies[0]), @r#"
    200 {
      "ahead": 0,
      "claim_until": "2021-06-14T06:10:00.000Z",
      "entry": 3,
      "epoch": 1623646400,
      "estimated_wait_s": {
        "high": "<seconds>",
        "low": "<seconds>"
      },
      "issued_at": "2021-06-14T05:59:00.000Z",
      "lane": "public",
      "message": null,
      "next_opening": {
        "gathers_from": "2021-06-14T06:30:00.000Z",
        "held": false,
        "index": 1,
        "opens_at": "2021-06-14T07:00:00.000Z"
      },
      "now": "<time>",
      "phase": "open",
      "place": 1,
      "poll_after_s": "<seconds>",
      "state": "called",
      "subject": "<subject>",
      "ticket": "<token>"
    }
    "#);
    insta::assert_snapshot!(snapshot(&replies[19]), @r#"
    200 {
      "ahead": 12,
      "entry": 14,
      "epoch": 1623646400,
      "estimated_wait_s": {
        "high": "<seconds>",
        "low": "<seconds>"
      },
      "issued_at": "2021-06-14T05:59:00.000Z",
      "lane": "public",
      "message": null,
      "next_opening": {
        "gathers_from": "2021-06-14T06:30:00.000Z",
        "held": false,
        "index": 1,
        "opens_at": "2021-06-14T07:00:00.000Z"
      },
      "now": "<time>",
      "phase": "open",
      "place": 17,
      "poll_after_s": "<seconds>",
      "state": "waiting",
      "subject": "<subject>",
      "ticket": "<token>"
    }
    "#);
}

/// A page needs no second request to show what the room does.
#[actix_web::test]
async fn a_poll_tells_what_the_room_does() {
    let harness = Harness::start().await;
    let ticket = harness.crowd(20).await.swap_remove(0);
    let told = async || {
        let own = ask(&harness, &ticket).await.json;
        let status = harness.get("/v1/rooms/town").send().await.json;
        for name in ["now", "phase", "message", "next_opening", "epoch"] {
            assert_eq!(own[name], status[name], "{name}");
        }
        ["now", "phase", "message"].map(|name| own[name].to_string())
    };
    assert_eq!(told().await, [r#""2021-06-14T05:59:00.000Z""#, r#""gathering""#, "null"]);
    let message = Message { de: "Pause.".into(), en: "A break.".into() };
    let pause =
        LiveChange { paused: Some(true), message: Some(Some(message)), ..LiveChange::default() };
    harness.set(pause).await;
    harness.at(3).await;
    let message = r#"{"de":"Pause.","en":"A break."}"#;
    assert_eq!(told().await, [r#""2021-06-14T06:00:03.000Z""#, r#""paused""#, message]);
    harness.at(86_400).await;
    let [_, phase, _] = told().await;
    assert_eq!(
        (phase.as_str(), &ask(&harness, &ticket).await.json["state"]),
        (r#""closed""#, &"closed".into())
    );
}

#[actix_web::test]
async fn a_called_ticket_says_until_when_it_is_expected() {
    let harness = Harness::start().await;
    let ticket = harness.join().await;
    harness.at(0).await;
    let told = async |ticket: &str| {
        let body = ask(&harness, ticket).await.json;
        ["state", "claim_until"].map(|name| body[name].clone())
    };
    let window_ends = "2021-06-14T06:10:00.000Z";
    assert_eq!(told(&ticket).await, ["called", window_ends].map(Value::from));
    harness.at(601).await;
    assert_eq!(told(&ticket).await, ["called".into(), Value::Null], "it stays good");
    let taken = take(&harness, &ticket).await;
    assert_eq!(taken.status, 201);
    let pass_ends = "2021-06-14T06:25:01.000Z";
    assert_eq!(told(&bearer(&taken)).await, ["called", pass_ends].map(Value::from));
}

/// Whoever has had the pass is not told to come for ever. The ticket that came with the pass knows when it
/// ends; one from before learns it by trying.
#[actix_web::test]
async fn a_used_pass_is_a_state() {
    let harness = Harness::start().await;
    let old = harness.join().await;
    harness.at(0).await;
    let taken = bearer(&take(&harness, &old).await);
    let state = async |ticket: &str| ask(&harness, ticket).await.json["state"].clone();
    harness.at(899).await;
    assert_eq!(state(&taken).await, "called");
    harness.at(901).await;
    harness.store.set_down(true);
    let used = ask(&harness, &taken).await;
    assert_eq!((&used.json["state"], &used.json["place"]), (&"used".into(), &0.into()));
    let again = take(&harness, &taken).await;
    assert_eq!((again.status, again.code()), (409, "pass-used"), "no trip to the store is needed");
    harness.store.set_down(false);
    let refused = take(&harness, &old).await;
    assert_eq!((refused.code(), state(&bearer(&refused)).await), ("pass-used", "used".into()));
}

#[actix_web::test]
async fn a_pass_that_was_given_back_is_used() {
    let harness = Harness::start().await;
    let (ticket, pass) = harness.admitted().await;
    assert_eq!(ask(&harness, &ticket).await.json["claim_until"], "2021-06-14T06:15:10.000Z");
    let leave = harness.request(&Method::DELETE, "/v1/rooms/town/passes/current").bearer(&pass);
    assert_eq!(leave.send().await.status, 204);
    let refused = take(&harness, &ticket).await;
    assert_eq!(refused.code(), "pass-used");
    assert_eq!(ask(&harness, &bearer(&refused)).await.json["state"], "used");
}

#[actix_web::test]
async fn only_a_genuine_ticket_of_this_room_is_answered() {
    let harness = Harness::start().await;
    let ticket = harness.join().await;
    insta::assert_snapshot!(snapshot(&harness.get(URI).send().await), @r#"
    401 {
      "code": "ticket-invalid",
      "detail": "The ticket is missing, incomplete, or from another or an earlier waiting room. Please enter the waiting room again.",
      "request_id": "<id>",
      "status": 401,
      "title": "This ticket is not valid",
      "type": "/problems/ticket-invalid"
    }
    "#);
    let middle = ticket.len() / 2;
    let other = if ticket[middle..].starts_with('x') { "y" } else { "x" };
    let forged = format!("{}{other}{}", &ticket[..middle], &ticket[middle + 1..]);
    for bad in ["Bearer x", "Basic x", &*forged, &*ticket.replacen("Bearer ", "Bearer A", 1)] {
        let reply = ask(&harness, bad).await;
        assert_eq!((reply.status, reply.code()), (401, "ticket-invalid"), "{bad}");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    let elsewhere = harness.get("/v1/rooms/village/ticket").header("authorization", &*ticket);
    assert_eq!(elsewhere.send().await.status, 401);
    let nowhere = harness.get("/v1/rooms/nowhere/ticket").header("authorization", &*ticket);
    assert_eq!(nowhere.send().await.code(), "room-not-found");
}

/// After a rehearsal nobody keeps a place, and no old ticket raises a counter of the new line.
#[actix_web::test]
async fn a_ticket_of_an_earlier_line_is_worth_nothing() {
    let harness = Harness::start().await;
    let old = harness.crowd(3).await.pop().expect("a ticket");
    harness.begin_anew(2).await;
    let auth = |request: Call| request.header("authorization", &*old).send();
    for request in [
        harness.get(URI),
        harness.request(&Method::POST, "/v1/rooms/town/passes"),
        harness.post("/v1/rooms/town/tickets", JOIN_SPEYER),
    ] {
        let reply = auth(request).await;
        assert_eq!((reply.status, reply.code()), (401, "ticket-invalid"));
    }
    harness.renew().await;
    assert_eq!(harness.view().state.memory.entered[Lane::Public], 0);
    let new = harness.join().await;
    assert_eq!((harness.ticket(&new).incarnation, harness.ticket(&new).entry), (2, 0));
    assert_eq!(ask(&harness, &new).await.status, 200);
}

/// P12: once it is drawn, and once it is called, a ticket proves it to a room that has lost everything.
#[actix_web::test]
async fn a_ticket_is_signed_anew_when_it_can_prove_more() {
    let harness = Harness::start().await;
    let tickets = harness.crowd(20).await;
    assert_eq!(ask(&harness, &tickets[0]).await.json.get("ticket"), None, "nothing to prove yet");
    harness.at(0).await;
    let mut waiting = Vec::new();
    for ticket in &tickets {
        let reply = ask(&harness, ticket).await;
        if reply.json["state"] == "waiting" {
            waiting.push((ticket, reply));
        }
    }
    let (gathered, drawn) =
        waiting.into_iter().min_by_key(|(_, reply)| reply.json["place"].as_u64()).expect("some");
    let said = harness.ticket(&bearer(&drawn));
    assert!(said.block.is_some() && !said.is_called);
    assert_eq!(Ticket { block: None, ..said }, harness.ticket(gathered), "nothing else changes");
    assert_eq!(ask(&harness, &bearer(&drawn)).await.json.get("ticket"), None);
    assert_eq!(ask(&harness, gathered).await.json["ticket"], drawn.json["ticket"]);

    let mut called = ask(&harness, &bearer(&drawn)).await;
    for s in (60..1_800).step_by(60) {
        if called.json["state"] == "called" {
            break;
        }
        harness.at(s).await;
        called = ask(&harness, &bearer(&drawn)).await;
    }
    assert_eq!(
        (&called.json["state"], &called.json["place"]),
        (&"called".into(), &drawn.json["place"])
    );
    assert!(harness.ticket(&bearer(&called)).is_called);
    assert_eq!(ask(&harness, &bearer(&called)).await.json.get("ticket"), None);
}

/// Nobody is left waiting for a call that cannot come any more.
#[actix_web::test]
async fn a_closed_room_tells_whoever_still_waits() {
    let harness = Harness::start().await;
    let ticket = harness.join().await;
    harness.at(86_400).await;
    insta::assert_snapshot!(snapshot(&ask(&harness, &ticket).await), @r#"
    200 {
      "entry": 0,
      "epoch": 1623646400,
      "issued_at": "2021-06-14T05:59:00.000Z",
      "lane": "public",
      "message": null,
      "next_opening": null,
      "now": "<time>",
      "phase": "closed",
      "poll_after_s": "<seconds>",
      "state": "closed",
      "subject": "<subject>",
      "ticket": "<token>"
    }
    "#);
    let redeem = harness.request(&Method::POST, "/v1/rooms/town/passes");
    insta::assert_snapshot!(snapshot(&redeem.header("authorization", ticket).send().await), @r#"
    410 {
      "code": "room-closed",
      "detail": "Right now nobody can get in line or go in. Please ask your municipality whether it is opened again, and which other offers there are.",
      "request_id": "<id>",
      "status": 410,
      "title": "This waiting room is closed",
      "type": "/problems/room-closed"
    }
    "#);
}

/// Whoever waits learns why nothing moves.
#[actix_web::test]
async fn a_wait_that_has_no_end_says_why() {
    let harness = Harness::start().await;
    let tickets = harness.crowd(20).await;
    harness.at(0).await;
    let change = LiveChange { paused: Some(true), ..LiveChange::default() };
    harness.set(change).await;
    harness.report(0).await;
    harness.at(1).await;
    let mut seen = std::collections::BTreeSet::new();
    for ticket in &tickets {
        let body = ask(&harness, ticket).await.json;
        if body["state"] == "waiting" {
            seen.insert(format!(
                "{} {} {}",
                body["slowed"], body["odds"], body["estimated_wait_s"]
            ));
        }
    }
    assert_eq!(Vec::from_iter(seen), [r#""paused" "unlikely" null"#]);
}

#[actix_web::test]
async fn polls_go_on_while_the_store_is_down() {
    let harness = Harness::start().await;
    let ticket = harness.join().await;
    harness.store.set_down(true);
    harness.at(-30).await;
    for uri in [URI, "/v1/rooms/town"] {
        let reply = harness.get(uri).header("authorization", &*ticket).send().await;
        assert_eq!(reply.status, 200, "P13: {uri}");
    }
    assert_eq!(harness.join_with("67346").await.status, 503);
    harness.store.set_down(false);
    assert_eq!(harness.join_with("67346").await.status, 201);
}
