use actix_web::http::Method;
use futures_util::future::join_all;
use serde_json::json;
use waiting_room::lane::Lane;
use waiting_room::line::ticket::Ticket;
use web::test_client::{Call, Reply};

use crate::harness::{Harness, JOIN_SPEYER, bearer, patient, settings, snapshot};

mod bodies;
mod codes;
mod not_asked;

const URI: &str = "/v1/rooms/town/tickets";

fn keyed(harness: &Harness, key: &str, body: &str) -> Call {
    harness.post(URI, body).header("idempotency-key", key)
}

fn in_german(harness: &Harness, body: &str) -> Call {
    harness.post(URI, body).header("accept-language", "de-DE,de;q=0.9,en;q=0.5")
}

#[actix_web::test]
async fn an_arrival_before_the_opening_gathers() {
    let harness = Harness::start().await;
    let reply = harness.post(URI, JOIN_SPEYER).send().await;
    assert_eq!(reply.header("cache-control"), "no-store");
    insta::assert_snapshot!(snapshot(&reply), @r#"
    201 {
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
    }
    "#);
}

#[actix_web::test]
async fn an_arrival_is_let_in_at_once_if_nobody_waits() {
    let harness = Harness::start().await;
    harness.at(10).await;
    insta::assert_snapshot!(snapshot(&harness.post(URI, JOIN_SPEYER).send().await), @r#"
    201 {
      "ahead": 0,
      "claim_until": "2021-06-14T06:15:10.000Z",
      "entry": 0,
      "epoch": 1623646400,
      "estimated_wait_s": {
        "high": "<seconds>",
        "low": "<seconds>"
      },
      "issued_at": "2021-06-14T06:00:10.000Z",
      "lane": "public",
      "message": null,
      "next_opening": {
        "gathers_from": "2021-06-14T06:30:00.000Z",
        "held": false,
        "index": 1,
        "opens_at": "2021-06-14T07:00:00.000Z"
      },
      "now": "<time>",
      "pass": {
        "expires_at": "2021-06-14T06:15:10.000Z",
        "pass": "<token>"
      },
      "phase": "open",
      "place": 0,
      "poll_after_s": "<seconds>",
      "state": "called",
      "subject": "<subject>",
      "ticket": "<token>"
    }
    "#);
}

#[actix_web::test]
async fn whoever_presents_a_ticket_gets_its_entry_back() {
    let harness = Harness::start().await;
    harness.crowd(3).await;
    let first = harness.post(URI, JOIN_SPEYER).send().await;
    let again = harness.post(URI, JOIN_SPEYER).header("authorization", bearer(&first));
    let again = again.send().await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(snapshot(&again).replacen("200", "201", 1), snapshot(&first));
    assert_eq!(again.json["ticket"], first.json["ticket"]);
    assert_eq!(again.json["entry"], 3);
    let invalid = harness.post(URI, JOIN_SPEYER).header("authorization", "Bearer nonsense");
    let invalid = invalid.send().await;
    assert_eq!((invalid.status, invalid.code()), (401, "ticket-invalid"));
    harness.renew().await;
    assert_eq!(
        harness.view().state.memory.entered[Lane::Public],
        4,
        "only new arrivals take an entry"
    );
}

/// A typing error at the door does not cost the place, and is not ignored either.
#[actix_web::test]
async fn a_corrected_residence_is_taken_into_the_ticket() {
    const DUDENHOFEN: &str = r#"{"residence":{"postcode":"67373","ags":"07338007"}}"#;
    let harness = Harness::start().await;
    let first = harness.post(URI, JOIN_SPEYER).send().await;
    let correct = async |body: &str| {
        harness.post(URI, body).header("authorization", bearer(&first)).send().await
    };
    let corrected = correct(DUDENHOFEN).await;
    assert_eq!((corrected.status, &corrected.json["entry"]), (200, &0.into()));
    let (old, new) = (harness.ticket(&bearer(&first)), harness.ticket(&bearer(&corrected)));
    assert_eq!(new.ags.to_string(), "07338007");
    assert_eq!(Ticket { ags: old.ags, ..new }, old, "nothing else has changed");
    harness.at(0).await;
    let redeem = harness.request(&Method::POST, "/v1/rooms/town/passes");
    let redeemed = redeem.header("authorization", bearer(&corrected)).send().await;
    let pass = redeemed.json["pass"].as_str().expect("a pass");
    assert_eq!(harness.claims(pass).ags.to_string(), "07338007");
    for (body, code) in [
        (r#"{"residence":{"postcode":"67454"}}"#, "not-eligible"),
        (r#"{"residence":{"postcode":"67373"}}"#, "municipality-required"),
        (r#"{"residence":{"postcode":"67346","ags":"07338007"}}"#, "municipality-mismatch"),
    ] {
        assert_eq!(correct(body).await.code(), code, "refused in words, and the ticket stays good");
    }
    assert_eq!(correct(JOIN_SPEYER).await.status, 200);
}

/// A lost answer costs nothing: neither an entry that nobody holds nor a second place in the draw.
#[actix_web::test]
async fn a_join_repeated_under_its_key_gets_the_same_entry_and_ticket() {
    let harness = Harness::start_at(-600).await;
    let first = keyed(&harness, "8e03978e-6a1f-4c55", JOIN_SPEYER).send().await;
    harness.at(-480).await;
    let again = keyed(&harness, "\"8e03978e-6a1f-4c55\"", JOIN_SPEYER).send().await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json["ticket"], again.json["ticket"]);
    assert_eq!(snapshot(&first), snapshot(&again));
    let another = keyed(&harness, "another-of-sixteen", JOIN_SPEYER).send().await;
    assert_eq!((another.status, &another.json["entry"]), (201, &1.into()));
    let elsewhere =
        keyed(&harness, "8e03978e-6a1f-4c55", JOIN_SPEYER).path("/v1/rooms/village/tickets");
    let elsewhere = elsewhere.send().await;
    assert_eq!(elsewhere.status, 201, "a key counts in its room");
    assert_ne!(elsewhere.json["subject"], first.json["subject"]);
    harness.renew().await;
    assert_eq!(harness.view().state.memory.entered[Lane::Public], 2);
}

#[actix_web::test]
async fn a_key_that_is_used_for_something_else_is_refused() {
    let harness = Harness::start().await;
    assert_eq!(keyed(&harness, "the-key-of-sixteen", JOIN_SPEYER).send().await.status, 201);
    let dudenhofen = r#"{"residence":{"postcode":"67373","ags":"07338007"}}"#;
    insta::assert_snapshot!(snapshot(&keyed(&harness, "the-key-of-sixteen", dudenhofen).send().await), @r#"
    422 {
      "code": "idempotency-key-reused",
      "detail": "Send a new request with a new random key, and repeat an earlier one unchanged.",
      "request_id": "<id>",
      "status": 422,
      "title": "This Idempotency-Key belongs to another request",
      "type": "/problems/idempotency-key-reused"
    }
    "#);
    let person = |name: &str| {
        format!(
            r#"{{"residence":{{"postcode":"67346"}},"identity":{{"given_name":"{name}","family_name":"Mustermann","date_of_birth":"1964-08-12"}}}}"#
        )
    };
    let join = |name: &str| {
        keyed(&harness, "the-key-of-sixteen", &person(name)).path("/v1/rooms/people/tickets").send()
    };
    assert_eq!(join("Erika").await.status, 201);
    assert_eq!(join("Erika").await.json["entry"], 0);
    assert_eq!(join("Max").await.code(), "idempotency-key-reused");
    for length in [15, 65] {
        let refused = keyed(&harness, &"k".repeat(length), JOIN_SPEYER).send().await;
        assert_eq!((refused.status, refused.fields()), (400, vec!["Idempotency-Key"]));
    }
}

/// The pass of an arrival that was let in at once is not lost with the answer.
#[actix_web::test]
async fn a_repeated_join_that_was_let_in_is_redeemed_for_the_same_pass() {
    let harness = Harness::start_at(10).await;
    let first = keyed(&harness, "the-key-of-sixteen", JOIN_SPEYER).send().await;
    harness.renew().await;
    let again = keyed(&harness, "the-key-of-sixteen", JOIN_SPEYER).send().await;
    let told = |reply: &Reply| ["entry", "place", "state"].map(|name| reply.json[name].clone());
    assert_eq!(told(&first), [json!(0), json!(0), json!("called")]);
    assert_eq!(told(&again), told(&first));
    let redeem = harness.request(&Method::POST, "/v1/rooms/town/passes");
    let redeemed = redeem.header("authorization", bearer(&again)).send().await;
    let (pass, expires_at) = (&redeemed.json["pass"], &redeemed.json["expires_at"]);
    assert_eq!(
        (redeemed.status, json!({"pass": pass, "expires_at": expires_at})),
        (201, first.json["pass"].clone())
    );
}

#[actix_web::test]
async fn people_who_may_not_book_are_turned_away_with_a_reason() {
    let harness = Harness::start().await;
    let hassloch = r#"{"residence":{"postcode":"67454"}}"#;
    insta::assert_snapshot!(snapshot(&harness.post(URI, hassloch).send().await), @r#"
    403 {
      "code": "not-eligible",
      "detail": "It is for people who live in its municipalities, and may be for certain ages only. Please ask your own municipality which offers there are for you.",
      "municipality": "Haßloch",
      "request_id": "<id>",
      "rule": "residence",
      "status": 403,
      "title": "This campaign is not for you",
      "type": "/problems/not-eligible"
    }
    "#);
    let german = in_german(&harness, hassloch).send().await;
    assert_eq!(german.header("content-language"), "de");
    insta::assert_snapshot!(snapshot(&german), @r#"
    403 {
      "code": "not-eligible",
      "detail": "Sie gilt für Menschen, die in den Gemeinden der Aktion wohnen, und manchmal nur für bestimmte Jahrgänge. Bitte fragen Sie Ihre Gemeinde, welche Angebote es für Sie gibt.",
      "municipality": "Haßloch",
      "request_id": "<id>",
      "rule": "residence",
      "status": 403,
      "title": "Diese Aktion ist nicht für Sie vorgesehen",
      "type": "/problems/not-eligible"
    }
    "#);
    let elsewhere = harness.post(URI, r#"{"residence":{"postcode":"80331"}}"#).send().await;
    assert_eq!((elsewhere.status, elsewhere.json.get("municipality")), (403, None));
    harness.renew().await;
    assert_eq!(harness.view().state.memory.entered[Lane::Public], 0);
}

#[actix_web::test]
async fn an_ambiguous_postcode_asks_for_the_municipality() {
    let harness = Harness::start().await;
    let ambiguous = r#"{"residence":{"postcode":"67373"}}"#;
    insta::assert_snapshot!(snapshot(&in_german(&harness, ambiguous).send().await), @r#"
    422 {
      "code": "municipality-required",
      "detail": "Bitte wählen Sie Ihre aus der Liste.",
      "municipalities": [
        {
          "ags": "07332999",
          "name": "Nachbarort"
        },
        {
          "ags": "07338007",
          "name": "Dudenhofen"
        }
      ],
      "request_id": "<id>",
      "status": 422,
      "title": "Mehrere Gemeinden haben diese Postleitzahl",
      "type": "/problems/municipality-required"
    }
    "#);
    let residence = |ags: &str| {
        harness.post(URI, &format!(r#"{{"residence":{{"postcode":"67373","ags":"{ags}"}}}}"#))
    };
    assert_eq!(residence("07338007").send().await.status, 201);
    assert_eq!(residence("07332999").send().await.json["code"], "not-eligible");
    let mismatch = residence("07318000").send().await;
    assert_eq!((mismatch.status, &mismatch.json["code"]), (422, &"municipality-mismatch".into()));
}

#[actix_web::test]
async fn an_announced_room_says_when_it_opens() {
    let harness = Harness::start_at(-4_000).await;
    insta::assert_snapshot!(snapshot(&harness.post(URI, JOIN_SPEYER).send().await), @r#"
    409 {
      "code": "room-not-open",
      "detail": "Please come back at the time shown. Everybody who is there before the opening has the same chance; you need not hurry.",
      "next_opening": {
        "gathers_from": "2021-06-14T05:00:00.000Z",
        "held": false,
        "index": 0,
        "opens_at": "2021-06-14T06:00:00.000Z"
      },
      "request_id": "<id>",
      "status": 409,
      "title": "The waiting room is not open yet",
      "type": "/problems/room-not-open"
    }
    "#);
}

#[actix_web::test]
async fn a_closed_room_takes_nobody() {
    let harness = Harness::start().await;
    harness.at(86_400).await;
    insta::assert_snapshot!(snapshot(&harness.post(URI, JOIN_SPEYER).send().await), @r#"
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

/// A room that is created while people may hold tickets of it listens to those first: to issue entries
/// then would be to issue some of them twice (P8).
#[actix_web::test]
async fn a_room_that_listens_to_tickets_issues_no_entries_and_says_until_when() {
    let harness = Harness::start().await;
    harness.create(&settings("late")).await;
    let join = || harness.post("/v1/rooms/late/tickets", JOIN_SPEYER).send();
    let reply = join().await;
    assert_eq!((reply.status, reply.code()), (503, "unavailable"));
    let retry_after_s = reply.json["retry_after_s"].as_i64().expect("seconds");
    assert!((38..=39).contains(&retry_after_s), "{retry_after_s}");
    assert_eq!(reply.header("retry-after"), retry_after_s.to_string());
    assert_eq!(harness.get("/v1/rooms/late").send().await.status, 200, "P13");
    harness.at(-60 + retry_after_s - 2).await;
    assert_eq!(join().await.status, 503);
    harness.at(-60 + retry_after_s).await;
    assert_eq!(join().await.status, 201);
}

#[actix_web::test]
async fn a_store_that_is_down_refuses_joins_at_once() {
    let harness = Harness::start().await;
    harness.store.set_down(true);
    let reply = harness.post(URI, JOIN_SPEYER).send().await;
    assert_eq!((reply.status, &reply.json["code"]), (503, &"unavailable".into()));
    let retry_after_s = reply.json["retry_after_s"].as_u64().expect("a number");
    assert!((1..=30).contains(&retry_after_s));
    assert_eq!(reply.header("retry-after"), retry_after_s.to_string());
}

#[actix_web::test]
async fn a_full_queue_refuses_at_once() {
    let joins = patient(2, 2);
    let harness = Harness::with_joins(joins).await;
    let replies = join_all((0..5).map(|_| harness.post(URI, JOIN_SPEYER).send())).await;
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 503).collect();
    assert_eq!(refused.len(), 3, "P14");
    assert_eq!(refused[0].json["code"], "overloaded");
    assert_ne!(refused[0].header("retry-after"), "");
    assert!(replies.iter().filter(|reply| reply.status == 201).count() == 2);
}
