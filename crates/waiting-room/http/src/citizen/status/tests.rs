use std::time::Duration;

use serde_json::Value;
use waiting_room::RoomStore as _;
use waiting_room::contract::by;
use waiting_room::draw::published::{PublishedRoom, Stage};
use waiting_room::live::{LiveChange, Message};
use waiting_room::memory::digest::Digest as MemoryDigest;
use waiting_room::service::operator::{self, EntropyOutcome};
use waiting_room::store::{Arrival, Arrivals};

use super::*;
use crate::harness::{Harness, JOIN_SPEYER, bearer, settings, shown, snapshot};

#[actix_web::test]
async fn a_room_gathers_and_opens() {
    let harness = Harness::start().await;
    harness.join().await;
    harness.renew().await;
    let reply = harness.get("/v1/rooms/town").send().await;
    assert_eq!(
        reply.header("cache-control"),
        "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=60"
    );
    insta::assert_snapshot!(snapshot(&reply), @r#"
    200 {
      "asks_residence": true,
      "called": 0,
      "draws": [
        {
          "commitment": "<digest>",
          "gathers_from": "2021-06-14T05:00:00.000Z",
          "opening": 0,
          "opens_at": "2021-06-14T06:00:00.000Z"
        },
        {
          "commitment": "<digest>",
          "gathers_from": "2021-06-14T06:30:00.000Z",
          "opening": 1,
          "opens_at": "2021-06-14T07:00:00.000Z"
        }
      ],
      "entered": 1,
      "epoch": 1623646400,
      "gathering": {
        "first_entries": {
          "public": 0
        },
        "opening": 0
      },
      "identity": "none",
      "incarnation": 1,
      "intervals": {
        "ahead_per_s": 5,
        "far_ms": 30000,
        "near_ahead": 25,
        "near_ms": 600,
        "show_within_s": 10
      },
      "lanes": {
        "public": {
          "called": 0,
          "entered": 1,
          "part": 1.0
        }
      },
      "last_boundary": 0,
      "message": null,
      "next_opening": {
        "gathers_from": "2021-06-14T05:00:00.000Z",
        "held": false,
        "index": 0,
        "opens_at": "2021-06-14T06:00:00.000Z"
      },
      "now": "<time>",
      "pace_per_minute": 60,
      "phase": "gathering",
      "places_left": null,
      "poll_after_s": "<seconds>",
      "prospects": {
        "calls_per_s": null,
        "comes": 0.984077,
        "places": null,
        "slowed": null
      },
      "public_entropy": null,
      "room": "town",
      "title": {
        "de": "Probe",
        "en": "Test"
      }
    }
    "#);
    harness.at(1).await;
    harness.report(7).await;
    harness.renew().await;
    let open = harness.get("/v1/rooms/town").send().await.json;
    assert_eq!((&open["called"], &open["places_left"]), (&1.into(), &7.into()));
    assert_eq!(open["poll_after_s"], 2);
    insta::assert_json_snapshot!(shown(&open["draws"][0]), @r#"
    {
      "commitment": "<digest>",
      "entries": 1,
      "first_entry": 0,
      "frozen_at": "2021-06-14T06:00:01.000Z",
      "gathers_from": "2021-06-14T05:00:00.000Z",
      "opening": 0,
      "opens_at": "2021-06-14T06:00:00.000Z",
      "secret": "<digest>",
      "seed": "<digest>"
    }
    "#);
}

#[actix_web::test]
async fn the_phases_have_their_names() {
    let harness = Harness::start_at(-4_000).await;
    let phase = async || harness.get("/v1/rooms/town").send().await.json["phase"].clone();
    assert_eq!(phase().await, "announced");
    harness.at(-60).await;
    assert_eq!(phase().await, "gathering");
    harness.at(0).await;
    assert_eq!(phase().await, "open");
    harness.report(0).await;
    harness.renew().await;
    assert_eq!(phase().await, "sold_out");
    harness.set(LiveChange { paused: Some(true), ..LiveChange::default() }).await;
    harness.renew().await;
    assert_eq!(phase().await, "paused");
    harness.at(90_000).await;
    assert_eq!(phase().await, "closed");
}

/// Before places are released the booking service counts none; that is no news.
#[actix_web::test]
async fn a_count_from_before_the_opening_says_nothing_of_its_places() {
    let harness = Harness::start().await;
    let shown = async || {
        harness.renew().await;
        let body = harness.get("/v1/rooms/town").send().await.json;
        (body["phase"].clone(), body["places_left"].clone())
    };
    harness.report(0).await;
    assert_eq!(shown().await, ("gathering".into(), Value::Null));
    harness.at(0).await;
    assert_eq!(shown().await, ("open".into(), Value::Null));
    harness.at(1).await;
    harness.report(0).await;
    assert_eq!(shown().await, ("sold_out".into(), 0.into()));
    harness.report(3).await;
    assert_eq!(shown().await, ("open".into(), 3.into()), "places came back");
    harness.report(0).await;
    harness.at(62).await;
    assert_eq!(shown().await, ("open".into(), Value::Null), "the last count is no news any more");
    harness.at(3_599).await;
    harness.report(0).await;
    assert_eq!(shown().await, ("gathering".into(), Value::Null), "of the next places nobody knows");
    harness.at(3_600).await;
    assert_eq!(shown().await, ("open".into(), Value::Null), "the second opening");
}

#[actix_web::test]
async fn a_pause_and_its_message_are_shown_from_the_next_renewal_on() {
    let harness = Harness::start_at(0).await;
    let status = async || {
        let body = harness.get("/v1/rooms/town").send().await.json;
        (body["phase"].clone(), body["message"].clone())
    };
    let message = Message { de: "Kurze Pause.".into(), en: "A short break.".into() };
    let pause = LiveChange {
        paused: Some(true),
        message: Some(Some(message)),
        pace_per_minute: Some(30),
        ..LiveChange::default()
    };
    harness.set(pause).await;
    assert_eq!(status().await, ("open".into(), Value::Null));
    harness.renew().await;
    let message = serde_json::json!({"de": "Kurze Pause.", "en": "A short break."});
    assert_eq!(status().await, ("paused".into(), message));
    let body = harness.get("/v1/rooms/town").send().await.json;
    assert_eq!(body["pace_per_minute"], 30);
    let go_on = LiveChange { paused: Some(false), message: Some(None), ..LiveChange::default() };
    harness.set(go_on).await;
    harness.renew().await;
    assert_eq!(status().await, ("open".into(), Value::Null));
}

#[actix_web::test]
async fn what_a_room_asks_at_the_door_is_shown() {
    let harness = Harness::start().await;
    for (room, identity) in [("town", "none"), ("people", "person"), ("mailboxes", "email")] {
        let status = harness.get(&format!("/v1/rooms/{room}")).send().await;
        assert_eq!(status.json["identity"], identity);
    }
}

/// Everything that is needed is published: nobody has to believe the room.
#[actix_web::test]
async fn a_published_draw_can_be_recomputed_and_gives_the_place_of_a_ticket() {
    let harness = Harness::start_at(-4_000).await;
    let lottery = "Lotto 6 aus 49".to_owned();
    harness.create(&RoomSettings { public_entropy: Some(lottery), ..settings("lottery") }).await;
    let status = async || harness.get("/v1/rooms/lottery").send().await.json;
    let published = |body: &Value| {
        serde_json::from_value::<PublishedRoom>(body.clone()).expect("what verify-draw reads")
    };
    let ahead = status().await;
    assert_eq!(ahead["public_entropy"], "Lotto 6 aus 49");
    let noted = published(&ahead).draws[0].commitment;
    harness.at(-60).await;
    let join = || harness.post("/v1/rooms/lottery/tickets", JOIN_SPEYER);
    let ticket = join().send().await;
    join().send().await;

    harness.at(0).await;
    let awaited = status().await;
    assert_eq!(
        (&awaited["phase"], &awaited["draws"][0]["entropy"]),
        (&"gathering".into(), &Value::Null)
    );
    assert_eq!(awaited["draws"][0].get("seed"), None);
    let stage = published(&awaited).check(0, Some(noted)).map(|draw| draw.stage);
    assert_eq!(stage, Ok(Stage::AwaitsEntropy { entries: 2 }));

    let room = "lottery".parse().expect("a name");
    let supplied = operator::supply_entropy(&*harness.store, &room, 0, "3 8 21", &by()).await;
    assert!(matches!(supplied, Ok(EntropyOutcome::Supplied)), "{supplied:?}");
    harness.renew().await;
    let held = status().await;
    assert_eq!(
        (&held["phase"], &held["draws"][0]["entropy"]),
        (&"open".into(), &"332038203231".into())
    );
    let draw = published(&held).check(0, Some(noted)).expect("a verifiable draw");
    assert_eq!(draw.mismatches, []);
    let Stage::Held(draw) = draw.stage else { panic!("{draw:?}") };
    let subject = ticket.json["subject"].as_str().expect("a subject");
    let subject = u128::from_str_radix(subject, 16).expect("hexadecimal digits").to_be_bytes();
    let own = harness.get("/v1/rooms/lottery/ticket").header("authorization", bearer(&ticket));
    assert_eq!(own.send().await.json["place"], draw.lanes["public"].place(&subject));
}

#[actix_web::test]
async fn a_draw_of_several_lanes_publishes_each() {
    let harness = Harness::start().await;
    harness.crowd(2).await;
    let somebody = Arrival { pass_id: None, key: None, code: None };
    let callers = Arrivals { lane: Lane::Hotline, people: vec![somebody; 3] };
    let digest = MemoryDigest::of(&harness.view().state.memory);
    harness.store.join(&harness.view().settings.room, &digest, &callers).await.expect("entries");
    harness.at(0).await;
    let status = harness.get("/v1/rooms/town").send().await.json;
    insta::assert_json_snapshot!(status["draws"][0]["lanes"], @r#"
    {
      "hotline": {
        "entries": 3,
        "first_entry": 0
      },
      "priority": {
        "entries": 0,
        "first_entry": 0
      },
      "public": {
        "entries": 2,
        "first_entry": 0
      }
    }
    "#);
    assert_eq!(status["draws"][0]["entries"], 5);
    let published: PublishedRoom = serde_json::from_value(status).expect("what verify-draw reads");
    assert_eq!(published.check(0, None).map(|draw| draw.mismatches), Ok(vec![]));
}

#[actix_web::test]
async fn a_line_that_was_begun_anew_shows_itself() {
    let harness = Harness::start().await;
    harness.crowd(2).await;
    harness.renew().await;
    let status = async || harness.get("/v1/rooms/town").send().await.json;
    assert_eq!(
        (&status().await["incarnation"], &status().await["entered"]),
        (&1.into(), &2.into())
    );
    harness.begin_anew(2).await;
    assert_eq!(
        (&status().await["incarnation"], &status().await["entered"]),
        (&2.into(), &0.into())
    );
}

#[actix_web::test]
async fn it_is_rendered_once_per_view() {
    let harness = Harness::start().await;
    let view = harness.view();
    let first = harness.app.statuses.rendered(&view);
    assert!(Arc::ptr_eq(&first, &harness.app.statuses.rendered(&view)));
    harness.renew().await;
    let second = harness.app.statuses.rendered(&harness.view());
    assert!(!Arc::ptr_eq(&first, &second));
    let late = harness.app.statuses.rendered(&view);
    assert!(Arc::ptr_eq(&second, &late), "an older view does not come back");
}

/// A count-down runs by it: a browser that asks whether the status has changed must not be shown an old
/// time as long as nothing else has.
#[actix_web::test]
async fn the_time_comes_true_with_every_answer() {
    let harness = Harness::start().await;
    let first = harness.get("/v1/rooms/town").send().await;
    assert_eq!(first.header("etag"), "");
    harness.clock.advance(Duration::from_millis(700));
    let later = harness.get("/v1/rooms/town").header("if-none-match", "*").send().await;
    assert_eq!(later.status, 200);
    assert_eq!(
        (&first.json["now"], &later.json["now"]),
        (&"2021-06-14T05:59:00.000Z".into(), &"2021-06-14T05:59:00.700Z".into())
    );
}

/// A cache in between keeps one answer for the pages of all origins.
#[actix_web::test]
async fn pages_of_all_origins_may_read_it() {
    let harness = Harness::start().await;
    for path in ["/v1/rooms/town", "/v1/rooms/nowhere", "/.well-known/jwks.json", "/openapi.json"] {
        let reply = harness.get(path).header("origin", "https://other.example").send().await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert!(!reply.header("vary").contains("origin"), "{path}");
    }
    let ticket = harness.join().await;
    let own = harness.get("/v1/rooms/town/ticket").header("authorization", ticket);
    let own = own.header("origin", "https://other.example").send().await;
    assert_eq!((own.status, own.header("access-control-allow-origin")), (200, ""));
}

#[actix_web::test]
async fn an_unknown_room_is_not_found() {
    let harness = Harness::start().await;
    insta::assert_snapshot!(snapshot(&harness.get("/v1/rooms/nowhere").send().await), @r#"
    404 {
      "code": "room-not-found",
      "detail": "Please check the address.",
      "request_id": "<id>",
      "status": 404,
      "title": "This waiting room does not exist",
      "type": "/problems/room-not-found"
    }
    "#);
}
