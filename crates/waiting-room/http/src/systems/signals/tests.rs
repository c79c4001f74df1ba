use serde_json::{Value, json};
use web::test_client::Call;

use super::BookingReport;
use crate::harness::{Harness, after, credential, snapshot};

fn report(harness: &Harness, body: &Value, credential: &str) -> Call {
    harness
        .post("/v1/rooms/town/signals", &body.to_string())
        .header("authorization", format!("Bearer {credential}"))
}

/// What was counted `s` seconds after the first opening.
fn counted(s: i64, places_left: u32, departures: &[String]) -> Value {
    json!({
        "counted_at": after(s),
        "places_left": places_left,
        "held": {"passes": 2, "seats": 5},
        "load": {"queue_depth": 3, "queue_depth_max": 64},
        "departures": departures,
    })
}

#[actix_web::test]
async fn counts_and_departures_are_taken_over() {
    let harness = Harness::start().await;
    let (_, pass) = harness.admitted().await;
    assert_eq!(harness.view().state.active, 1);
    let departed = [harness.pass_id(&pass).to_string()];
    let reply = report(&harness, &counted(9, 7, &departed), &credential("town")).send().await;
    assert_eq!((reply.status, reply.bytes.len()), (204, 0));
    harness.renew().await;
    let state = harness.view().state.clone();
    let counts = state.report.expect("a report");
    assert_eq!((counts.counted_at, counts.places_left), (after(9), 7));
    assert_eq!((counts.held_passes, counts.held_seats), (2, 5));
    assert_eq!((counts.queue_depth, counts.queue_depth_max), (3, 64));
    assert_eq!(state.active, 0);
}

#[actix_web::test]
async fn a_count_from_the_future_counts_as_now_and_blocks_no_later_one() {
    let harness = Harness::start_at(10).await;
    let report = async |s: i64, places_left: u32| {
        let request = report(&harness, &counted(s, places_left, &[]), &credential("town"));
        assert_eq!(request.send().await.status, 204);
        harness.renew().await;
        harness.view().state.report.map(|counts| (counts.counted_at, counts.places_left))
    };
    assert_eq!(report(3_600, 7).await, Some((after(10), 7)));
    harness.at(11).await;
    assert_eq!(report(11, 6).await, Some((after(11), 6)));
    assert_eq!(report(9, 8).await, Some((after(11), 6)), "an older count is ignored");
}

#[actix_web::test]
async fn only_the_booking_service_may_report() {
    let harness = Harness::start().await;
    insta::assert_snapshot!(snapshot(&report(&harness, &counted(-60, 7, &[]), "guess").send().await), @r#"
    401 {
      "code": "service-credential-invalid",
      "detail": "This address is for the booking system of this campaign. Check that both services are configured with the same credential.",
      "request_id": "<id>",
      "status": 401,
      "title": "The service credential is not accepted",
      "type": "/problems/service-credential-invalid"
    }
    "#);
    let anonymous = harness.post("/v1/rooms/town/signals", "not even JSON").send().await;
    assert_eq!((anonymous.status, anonymous.code()), (401, "service-credential-invalid"));
    harness.renew().await;
    assert_eq!(harness.view().state.report, None);
}

/// One campaign's booking system cannot sell out another's.
#[actix_web::test]
async fn the_credential_of_another_room_is_refused() {
    let harness = Harness::start().await;
    let sold_out = counted(-60, 0, &[]);
    let foreign = report(&harness, &sold_out, &credential("village")).send().await;
    assert_eq!((foreign.status, foreign.code()), (401, "service-credential-invalid"));
    let underived = report(&harness, &sold_out, "service-credential-of-the-tests");
    assert_eq!(underived.send().await.status, 401, "the text itself is no credential");
    harness.renew().await;
    assert_eq!(harness.view().state.report, None);
    let own = report(&harness, &sold_out, &credential("village")).path("/v1/rooms/village/signals");
    assert_eq!(own.send().await.status, 204);
}

#[actix_web::test]
async fn a_thousand_departures_fit_and_more_do_not() {
    let harness = Harness::start().await;
    let ids = |count: u128| (0..count).map(|n| format!("{n:032x}")).collect::<Vec<_>>();
    let report = |departures: &[String]| {
        report(&harness, &counted(-60, 7, departures), &credential("town")).send()
    };
    assert_eq!(report(&ids(1_000)).await.status, 204);
    let over = report(&ids(1_001)).await;
    assert_eq!((over.status, over.fields()), (400, vec!["departures"]));
    let broken = report(&["x".to_owned()]).await;
    assert_eq!((broken.status, broken.fields()), (400, vec!["departures[0]"]));
}

#[actix_web::test]
async fn a_broken_report_is_named() {
    type Change = fn(&mut Value);
    let harness = Harness::start().await;
    let changed = |change: Change| {
        let mut body = counted(-60, 7, &[]);
        change(&mut body);
        report(&harness, &body, &credential("town")).send()
    };
    let cases: [(Change, &str); 7] = [
        (|body| body["held"]["people"] = 1.into(), "held.people"),
        (|body| body["held"] = json!({"passes": 1}), "held.seats"),
        (|body| body["load"]["cpu"] = 1.into(), "load.cpu"),
        (|body| body["as_of"] = "2021-06-14T06:00:00Z".into(), "as_of"),
        (|body| body["counted_at"] = "now".into(), "counted_at"),
        (|body| body["places_left"] = (-1).into(), "places_left"),
        (|body| body["held"]["passes"] = 4_294_967_296_u64.into(), "held.passes"),
    ];
    for (change, field) in cases {
        let reply = changed(change).await;
        assert_eq!((reply.status, reply.fields()), (400, vec![field]), "{reply}");
    }
    let without = |body: &mut Value| {
        body.as_object_mut().expect("an object").remove("departures");
    };
    assert_eq!(changed(without).await.status, 204, "nobody left");
}

#[actix_web::test]
async fn a_report_for_an_unknown_room_or_to_a_store_that_is_down_is_refused() {
    let harness = Harness::start().await;
    let nowhere = report(&harness, &counted(-60, 7, &[]), &credential("nowhere"));
    let nowhere = nowhere.path("/v1/rooms/nowhere/signals").send().await;
    assert_eq!((nowhere.status, nowhere.code()), (404, "room-not-found"));
    harness.store.set_down(true);
    let reply = report(&harness, &counted(-60, 7, &[]), &credential("town")).send().await;
    assert_eq!((reply.status, reply.code()), (503, "unavailable"));
    assert_ne!(reply.header("retry-after"), "");
    assert_eq!(harness.get("/v1/rooms/town").send().await.status, 200, "P13");
}

/// Whatever the type refuses has words in the document.
#[test]
fn the_body_is_described() {
    let body = json!({
        "counted_at": "2021-06-14T06:00:01.000Z",
        "places_left": 840,
        "held": {"passes": 31, "seats": 58},
        "load": {"queue_depth": 3, "queue_depth_max": 4_096},
        "departures": ["00112233445566778899aabbccddeeff"],
    });
    web::test_client::assert_refusals_are_described::<BookingReport>(&body);
}
