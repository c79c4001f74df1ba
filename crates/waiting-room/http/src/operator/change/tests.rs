use std::time::Duration;

use kernel::Clock as _;
use serde_json::{Value, json};
use staff::Role;
use web::test_client::{Call, Reply};

use crate::harness::{Harness, after, token_of};

const TOWN: &str = "/v1/operator/rooms/town";

fn patch(harness: &Harness, body: &Value) -> Call {
    let method = actix_web::http::Method::PATCH;
    let call = harness.request(&method, TOWN).bearer(&token_of(&[Role::Operator]));
    call.json(body).header("if-match", "*")
}

async fn changed(harness: &Harness, body: &Value) -> Reply {
    let reply = patch(harness, body).send().await;
    assert_eq!(reply.status, 200, "{reply}");
    reply
}

/// What was changed is there at once, in the answer, in the public status, and in the record.
#[actix_web::test]
async fn levers_are_moved() {
    let harness = Harness::start().await;
    let body = json!({
        "paused": true, "pace_per_minute": 30, "burst": 4, "max_active": 9,
        "message": {"de": "Gleich geht es weiter.", "en": "We go on soon."},
        "shares": {"public": 80, "hotline": 15, "priority": 5},
        "why": "The booking system is slow.",
    });
    let reply = changed(&harness, &body).await;
    assert_eq!(reply.header("etag"), "\"1.1\"");
    insta::assert_snapshot!(format!("{:#}", reply.json["levers"]), @r#"
    {
      "burst": 4,
      "closed": false,
      "max_active": 9,
      "message": {
        "de": "Gleich geht es weiter.",
        "en": "We go on soon."
      },
      "pace_per_minute": 30,
      "paused": true,
      "shares": {
        "hotline": 15,
        "priority": 5,
        "public": 80
      },
      "version": 1
    }
    "#);
    let status = harness.get("/v1/rooms/town").send().await;
    assert_eq!(status.json["message"]["en"], "We go on soon.");
    let record = harness.records().await.pop().expect("a record");
    assert_eq!(
        (&*record.deed.who, record.deed.why.as_deref()),
        ("erika", Some("The booking system is slow."))
    );
    let without = changed(&harness, &json!({"message": {"de": "", "en": ""}, "why": "over"})).await;
    let levers = &without.json["levers"];
    assert_eq!((&levers["message"], &levers["burst"]), (&Value::Null, &json!(4)), "the rest stays");
}

/// Two operators do not undo each other's changes unseen.
#[actix_web::test]
async fn a_change_is_made_for_what_was_seen() {
    let harness = Harness::start().await;
    let slower = json!({"pace_per_minute": 6, "why": "slower"});
    let seen = patch(&harness, &slower).header("if-match", "\"1.0\"");
    assert_eq!(seen.send().await.status, 200);
    let late = patch(&harness, &slower).header("if-match", "\"1.0\"").send().await;
    assert_eq!((late.status, late.code(), late.header("etag")), (412, "levers-changed", "\"1.1\""));
    let other_line = patch(&harness, &slower).header("if-match", "\"2.1\"").send().await;
    assert_eq!(other_line.status, 412);
    let nothing = patch(&harness, &slower).no_header("if-match").send().await;
    assert_eq!((nothing.status, nothing.code()), (428, "if-match-missing"));
    assert_eq!(harness.records().await.len(), 2, "the creation and one change");
}

#[actix_web::test]
async fn everything_that_is_wrong_is_named() {
    let harness = Harness::start_at(10).await;
    let long = "x".repeat(501);
    let message = json!({"de": long, "en": "x"});
    let cases = [
        (json!({"paused": true}), vec!["why"]),
        (json!({"paused": true, "why": " "}), vec!["why"]),
        (json!({"paused": true, "why": "x".repeat(501)}), vec!["why"]),
        (json!({"why": "nothing"}), vec!["body"]),
        (json!({"paused": null, "why": "x"}), vec!["paused"]),
        (json!({"mood": "calm", "why": "x"}), vec!["mood"]),
        (json!({"message": {"de": "Gleich.", "en": ""}, "why": "x"}), vec!["message.en"]),
        (
            json!({"pace_per_minute": 0, "burst": 0, "max_active": 0, "message": message,
                   "shares": {"public": 1, "hotline": 1, "priority": 1}, "why": "x"}),
            vec!["pace_per_minute", "burst", "max_active", "message", "shares"],
        ),
        (
            json!({"openings": [{"index": 1, "opens": "soon"}], "why": "x"}),
            vec!["openings[0].opens"],
        ),
        (
            json!({"openings": [{"index": 1, "opens": "now"}, {"index": 1, "opens": "held"}], "why": "x"}),
            vec!["openings[1].index"],
        ),
        (
            json!({"openings": [{"index": 7, "opens": "now"}, {"index": 0, "opens": "held"}], "why": "x"}),
            vec!["openings[1]", "openings[0]"],
        ),
    ];
    for (body, fields) in cases {
        let reply = patch(&harness, &body).send().await;
        assert_eq!((reply.status, reply.fields()), (400, fields), "{body}: {reply}");
    }
    assert_eq!(harness.records().await.len(), 1, "the creation");
}

/// P13, P18: a closed room lets nobody in line and tells everybody so, until it is opened again.
#[actix_web::test]
async fn a_room_is_closed_and_opened_again() {
    let harness = Harness::start().await;
    let ticket = harness.join().await;
    changed(&harness, &json!({"closed": true, "why": "a storm"})).await;
    let joined = harness.join_with("67346").await;
    assert_eq!((joined.status, joined.code()), (410, "room-closed"));
    let asked = harness.get("/v1/rooms/town/ticket").header("authorization", &*ticket);
    assert_eq!(asked.send().await.json["state"], "closed");
    assert_eq!(harness.get("/v1/rooms/town").send().await.json["phase"], "closed");
    changed(&harness, &json!({"closed": false, "why": "over"})).await;
    assert_eq!(harness.join_with("67346").await.status, 201);
    let asked = harness.get("/v1/rooms/town/ticket").header("authorization", &*ticket);
    assert_eq!(asked.send().await.json["state"], "gathering", "the place is kept");
}

async fn next_opening(harness: &Harness) -> Value {
    harness.get("/v1/rooms/town").send().await.json["next_opening"].clone()
}

/// Whoever gathers goes on gathering while the opening is held back, and is in the draw when it is released.
#[actix_web::test]
async fn an_opening_is_held_back_and_released() {
    let harness = Harness::start().await;
    let early = harness.join().await;
    let held = json!({"openings": [{"index": 0, "opens": "held"}], "why": "a fire alarm"});
    changed(&harness, &held).await;
    let next = next_opening(&harness).await;
    assert_eq!((&next["index"], &next["held"]), (&json!(0), &json!(true)));
    harness.at(300).await;
    let late = harness.join().await;
    assert_eq!(harness.get("/v1/rooms/town").send().await.json["phase"], "gathering");
    let planned = json!({"openings": [{"index": 0, "opens": "planned"}], "why": "it was a drill"});
    let reply = changed(&harness, &planned).await;
    assert_eq!(
        next_opening(&harness).await["opens_at"],
        after(301).to_string(),
        "at once: {reply}"
    );
    harness.at(301).await;
    for ticket in [early, late] {
        let asked = harness.get("/v1/rooms/town/ticket").header("authorization", &*ticket);
        let asked = asked.send().await;
        assert_ne!(asked.json["state"], "gathering", "{asked}");
    }
    let draws = &harness.get("/v1/rooms/town").send().await.json["draws"][0];
    assert_eq!(
        (&draws["entries"], &draws["opens_at"]),
        (&json!(2), &json!(after(301).to_string()))
    );
    let again = patch(&harness, &held).send().await;
    assert_eq!((again.status, again.fields()), (400, vec!["openings[0]"]), "the draw is held");
}

/// P10: an opening that comes earlier is behind nobody's back: the draw is of all who came before it.
#[actix_web::test]
async fn an_opening_is_now() {
    let harness = Harness::start().await;
    harness.crowd(3).await;
    let opened = harness.clock.now().plus(Duration::from_secs(1));
    changed(&harness, &json!({"openings": [{"index": 0, "opens": "now"}], "why": "all are ready"}))
        .await;
    harness.clock.set(opened);
    // Whoever comes first has the draw held.
    harness.join().await;
    harness.renew().await;
    let status = harness.get("/v1/rooms/town").send().await;
    let draw = &status.json["draws"][0];
    assert_eq!((&draw["opens_at"], &draw["entries"]), (&json!(opened.to_string()), &json!(3)));
    assert_eq!(status.json["phase"], "open");
}

#[actix_web::test]
async fn openings_stay_in_their_order() {
    let harness = Harness::start().await;
    let to = |index: u16, s: i64| json!({"openings": [{"index": index, "opens": after(s).to_string()}], "why": "x"});
    for (body, what) in [
        (to(0, 3_600), "not before the next"),
        (to(1, 0), "not behind the last"),
        (to(0, -61), "in the past"),
        (to(1, 86_400), "when the room is over"),
    ] {
        let reply = patch(&harness, &body).send().await;
        assert_eq!((reply.status, reply.fields()), (400, vec!["openings[0]"]), "{what}: {reply}");
    }
    changed(&harness, &to(0, 600)).await;
    assert_eq!(next_opening(&harness).await["opens_at"], after(600).to_string());
}
