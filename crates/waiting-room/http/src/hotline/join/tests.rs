use std::sync::Arc;
use std::time::Duration;

use kernel::SeededEntropy;
use serde_json::{Value, json};
use staff::Role;
use waiting_room::lane::PerLane;
use waiting_room::live::LiveChange;
use web::RateLimit;
use web::limits::{Allowance, LimitClock, LimitParts};
use web::test_client::{Call, Reply};

use crate::RateLimits;
use crate::harness::{Harness, JOIN_SPEYER, snapshot, token_for, token_of};

const URI: &str = "/v1/staff/rooms/town/tickets";
const KEY: &str = "0123456789abcdef";

fn call(harness: &Harness, path: &str, body: &str) -> Call {
    harness.post(path, body).bearer(&token_of(&[Role::Hotline]))
}

fn of_erika() -> String {
    let identity =
        json!({"given_name": "Erika", "family_name": "Mustermann", "date_of_birth": "1964-08-12"});
    json!({"residence": {"postcode": "67346"}, "identity": identity}).to_string()
}

fn place(reply: &Reply) -> Value {
    reply.json["place"].clone()
}

#[actix_web::test]
async fn a_caller_gets_an_entry_and_is_told_what_comes() {
    let harness = Harness::start().await;
    let reply = call(&harness, URI, JOIN_SPEYER).send().await;
    assert_eq!(reply.header("cache-control"), "no-store");
    insta::assert_snapshot!(snapshot(&reply), @r#"
    201 {
      "joined": {
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
        "subject": "<subject>",
        "ticket": "<token>"
      },
      "say": {
        "de": "Sie nehmen an der Auslosung teil, mit derselben Chance wie im Internet. Es ist gleich, wann Sie angerufen haben.",
        "en": "You take part in the draw, with the same chance as on the internet. It does not matter when you called."
      }
    }
    "#);
    harness.crowd(20).await;
    harness.at(1).await;
    let late = call(&harness, URI, JOIN_SPEYER).send().await;
    assert_eq!(late.json["joined"]["state"], "waiting");
    let german = late.json["say"]["de"].as_str().expect("a text");
    assert!(german.starts_with("Sie stehen in der Reihe. Vor Ihnen sind noch "), "{german}");
}

/// P17: the same person has the same lot in the same line, over the telephone and on the web.
#[actix_web::test]
async fn a_caller_has_the_chance_that_the_web_gives() {
    let harness = Harness::start().await;
    let phone = call(&harness, "/v1/staff/rooms/people/tickets", &of_erika()).send().await;
    let web = harness.post("/v1/rooms/people/tickets", &of_erika()).send().await;
    assert_eq!((phone.status, web.status), (201, 201));
    let joined = &phone.json["joined"];
    assert_eq!(joined["subject"], web.json["subject"]);
    harness.at(0).await;
    let ask = async |ticket: &Value| {
        let bearer = ticket.as_str().expect("a ticket");
        harness.get("/v1/rooms/people/ticket").bearer(bearer).send().await
    };
    let (by_phone, by_web) = (ask(&joined["ticket"]).await, ask(&web.json["ticket"]).await);
    assert_eq!(place(&by_phone), place(&by_web));
    assert!(place(&by_web).is_u64(), "{by_web}");
}

#[actix_web::test]
async fn a_hotline_with_a_share_has_a_line_of_its_own() {
    let harness = Harness::start().await;
    assert_eq!(call(&harness, URI, JOIN_SPEYER).send().await.status, 201);
    let shares = Some(PerLane([90, 10, 0]));
    harness.set(LiveChange { shares, ..LiveChange::default() }).await;
    harness.renew().await;
    assert_eq!(call(&harness, URI, JOIN_SPEYER).send().await.status, 201);
    harness.renew().await;
    assert_eq!(harness.view().state.memory.entered, PerLane([1, 1, 0]));
}

/// P3: a repetition by the same member of staff gets the same entry; nobody else's key does.
#[actix_web::test]
async fn a_lost_answer_leaves_no_second_entry() {
    let harness = Harness::start().await;
    let keyed = || call(&harness, URI, JOIN_SPEYER).header("idempotency-key", KEY);
    let (first, again) = (keyed().send().await, keyed().send().await);
    assert_eq!(first.json["joined"]["ticket"], again.json["joined"]["ticket"]);
    let citizen = harness.post("/v1/rooms/town/tickets", JOIN_SPEYER);
    let citizen = citizen.header("idempotency-key", KEY).send().await;
    assert_eq!((citizen.status, &citizen.json["entry"]), (201, &1.into()));
}

#[actix_web::test]
async fn what_a_citizen_is_asked_a_caller_is_asked() {
    let harness = Harness::start().await;
    let cases = [
        (URI, r#"{"residence":{"postcode":"67454"}}"#, 403, "not-eligible"),
        (URI, "{}", 400, "invalid-request"),
        (URI, r#"{"residence":{"postcode":"67373"}}"#, 422, "municipality-required"),
        ("/v1/staff/rooms/people/tickets", JOIN_SPEYER, 422, "identity-required"),
        ("/v1/staff/rooms/nowhere/tickets", JOIN_SPEYER, 404, "room-not-found"),
    ];
    for (path, body, status, code) in cases {
        let reply = call(&harness, path, body).send().await;
        assert_eq!((reply.status, reply.code()), (status, code), "{path} {body}");
    }
    let body = r#"{"residence":{"postcode":"67346"},"priority_code":"0000"}"#;
    assert_eq!(call(&harness, URI, body).send().await.code(), "priority-code-invalid");
}

/// Whoever is not of the hotline, or of that of another room, joins for nobody; a ticket is no token.
#[actix_web::test]
async fn only_the_hotline_joins_for_callers() {
    let harness = Harness::start().await;
    let ticket = harness.join().await;
    let own = token_for(&[Role::Hotline], &["town"]);
    assert_eq!(harness.post(URI, JOIN_SPEYER).bearer(&own).send().await.status, 201);
    for (token, code) in [
        (token_of(&[Role::Operator]), "not-allowed"),
        (token_for(&[Role::Hotline], &["village"]), "not-allowed"),
        (ticket.replacen("Bearer ", "", 1), "staff-token-invalid"),
    ] {
        assert_eq!(harness.post(URI, JOIN_SPEYER).bearer(&token).send().await.code(), code);
    }
    let nobody = harness.post(URI, JOIN_SPEYER).send().await;
    assert_eq!((nobody.status, nobody.code()), (401, "staff-token-invalid"));
}

/// The hotline sits behind one address: its members are told apart by their tokens.
#[actix_web::test]
async fn each_member_of_the_hotline_has_a_limit() {
    let limits = |_| {
        let clock = LimitClock::of(|| Duration::ZERO);
        let entropy = Arc::new(SeededEntropy::new(4));
        let parts = LimitParts { keys_max: 1_000, clock, entropy };
        let twice = Allowance { per_minute: 60, burst: 2 };
        let hotline_join = RateLimit::new("hotline-join", twice, &parts);
        RateLimits { hotline_join, ..RateLimits::off() }
    };
    let harness = Harness::start().await.limited_to(limits).await;
    for _ in 0..2 {
        assert_eq!(call(&harness, URI, JOIN_SPEYER).send().await.status, 201);
    }
    assert_eq!(call(&harness, URI, JOIN_SPEYER).send().await.code(), "rate-limited");
    assert_eq!(harness.post("/v1/rooms/town/tickets", JOIN_SPEYER).send().await.status, 201);
}
