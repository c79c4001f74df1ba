use std::time::Duration;

use serde_json::Value;
use tokio::join;
use waiting_room::live::LiveChange;
use web::streams::QUIET_MAX;
use web::test_client::Reply;

use super::*;
use crate::harness::Harness;

const PATH: &str = "/v1/rooms/town/stream";

/// The parts of a stream that has ended: all begin and end with when to come back.
fn events(reply: &Reply) -> Vec<&str> {
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/event-stream"));
    let text = std::str::from_utf8(&reply.bytes).expect("text");
    let parts: Vec<&str> = text.split_terminator("\n\n").collect();
    let [first, events @ .., last] = &parts[..] else { panic!("{text}") };
    assert!(first.starts_with("retry: ") && last.starts_with("retry: "), "{text}");
    events.iter().copied().filter(|event| *event != ":").collect()
}

fn data(event: &str) -> &str {
    let head = event.strip_prefix("event: status\nid: ").expect("a status");
    head.split_once("\ndata: ").expect("data").1
}

fn id(event: &str) -> &str {
    event.lines().find_map(|line| line.strip_prefix("id: ")).expect("an id")
}

/// Waits until those who follow `town` were told something.
async fn told(beats: &mut Beats<StreamedStatus>) {
    beats.changed().await.expect("the room is there");
}

fn followed(harness: &Harness) -> Beats<StreamedStatus> {
    let mut beats = follow(&harness.app, &harness.view());
    beats.mark_unchanged();
    beats
}

async fn pause(harness: &Harness, paused: bool) {
    harness.set(LiveChange { paused: Some(paused), ..LiveChange::default() }).await;
    harness.renew().await;
}

#[actix_web::test]
async fn says_what_the_status_says_and_ends_with_the_service() {
    let harness = Harness::start_at(10).await;
    let (reply, (before, paused)) = join!(harness.get(PATH).send(), async {
        let mut beats = followed(&harness);
        let before = harness.get("/v1/rooms/town").send().await;
        pause(&harness, true).await;
        told(&mut beats).await;
        let paused = harness.get("/v1/rooms/town").send().await;
        harness.drain.start();
        (before, paused)
    });
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-accel-buffering"), "no");
    let events = events(&reply);
    let told: Vec<&[u8]> = events.iter().map(|event| data(event).as_bytes()).collect();
    assert_eq!(told, [&*before.bytes, &*paused.bytes], "the same bytes");
    assert_eq!((&before.json["phase"], &paused.json["phase"]), (&"open".into(), &"paused".into()));
    let late = harness.get(PATH).send().await;
    assert_eq!((late.status, late.code()), (503, "unavailable"));
}

/// Who knows how things stand is told nothing until they have changed.
#[actix_web::test]
async fn goes_on_after_the_last_event() {
    let harness = Harness::start_at(10).await;
    let (first, ()) = join!(harness.get(PATH).send(), async { harness.drain.start() });
    let harness = Harness::start_at(10).await;
    let known = id(events(&first)[0]);
    let (again, ()) = join!(harness.get(PATH).header("last-event-id", known).send(), async {
        let mut beats = followed(&harness);
        pause(&harness, true).await;
        told(&mut beats).await;
        harness.drain.start();
    });
    let events = events(&again);
    assert_eq!(events.len(), 1, "{events:?}");
    let status: Value = serde_json::from_str(data(events[0])).expect("JSON");
    assert_eq!(status["phase"], "paused", "another process goes on where one ended");
}

/// What is told was written once, whoever it is told to.
#[actix_web::test]
async fn all_who_follow_share_the_bytes() {
    let harness = Harness::start_at(10).await;
    let mut following = [followed(&harness), followed(&harness)];
    pause(&harness, true).await;
    for beats in &mut following {
        told(beats).await;
    }
    let [one, other] = following.each_ref().map(|beats| beats.borrow().bytes.as_ptr());
    assert_eq!(one, other);
}

#[actix_web::test]
async fn a_room_that_is_gone_is_followed_no_longer() {
    let harness = Harness::start_at(10).await;
    let (reply, ()) = join!(harness.get(PATH).send(), async {
        let mut beats = followed(&harness);
        harness.remove().await;
        beats.changed().await.expect_err("there is no such room");
    });
    assert_eq!(events(&reply).len(), 1);
    let unknown = harness.get(PATH).send().await;
    assert_eq!((unknown.status, unknown.code()), (404, "room-not-found"));
}

#[actix_web::test]
async fn as_many_follow_as_there_are_seats() {
    let harness = Harness::start_at(10).await;
    let ask = || harness.get(PATH).send();
    let (one, other, further, ()) = join!(ask(), ask(), ask(), async { harness.drain.start() });
    assert_eq!((one.status, other.status, further.status), (200, 200, 503));
    assert_eq!(further.code(), "too-many-streams");
    let retry_after_s: u64 = further.header("retry-after").parse().expect("seconds");
    assert!((30..=60).contains(&retry_after_s), "{further}");
}

/// In a rush people join all the time; that is no reason to wake everybody.
#[actix_web::test]
async fn what_need_not_be_known_at_once_is_told_later() {
    let harness = Harness::start_at(10).await;
    let now = || News::of(&harness.view());
    let (moment, second) = (Duration::from_millis(250), Duration::from_secs(1));
    let known = now();
    harness.at(11).await;
    assert!(!now().is_due(&known, QUIET_MAX), "time alone is no news");
    pause(&harness, true).await;
    assert!(now().is_due(&known, moment), "a pause is");

    let known = now();
    harness.join().await;
    harness.renew().await;
    let joined = now();
    assert!(!joined.is_due(&known, second) && joined.is_due(&known, QUIET_MAX), "an arrival");

    pause(&harness, false).await;
    let (known, before) = (now(), harness.view().state.memory.called.total());
    harness.join().await;
    harness.renew().await;
    assert!(harness.view().state.memory.called.total() > before);
    let called = now();
    assert!(!called.is_due(&known, moment) && called.is_due(&known, second), "a call");
}
