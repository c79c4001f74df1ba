//! The operator's levers, typed at the command line while instances run.

use std::time::Duration;

use reqwest::Client;
use test_support::{RedisServer, eventually};

use crate::citizen::{join, join_patiently, poll, send};
use crate::town::{Campaign, Instance, Town, stop_all};

const SOON: Duration = Duration::from_secs(20);
/// How long a change may take to reach all instances.
const AT_ONCE: Duration = Duration::from_secs(1);
const ENTROPY: &str = "Lotto 6 aus 49 vom 19. Juni";

async fn status_is(client: &Client, instances: &[Instance], member: &str, value: &str) -> bool {
    for instance in instances {
        if send(client.get(instance.room())).await.body[member] != value {
            return false;
        }
    }
    true
}

async fn room_is_gone(client: &Client, instances: &[Instance]) {
    eventually("the room is gone everywhere", SOON, async || {
        let mut is_gone = true;
        for instance in instances {
            is_gone &= send(client.get(instance.room())).await.status == 404;
        }
        is_gone
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lever_moves_all_instances_within_a_second() {
    let redis = RedisServer::start().await.expect("redis");
    let (town, client) = (Town::set_up(&redis), Client::new());
    town.apply(&Campaign { max_active: 1, ..Campaign::soon(Duration::from_secs(1)) }).done();
    let instances = town.open(&client, 2).await;
    assert_eq!(town.run(&["room", "list"]).done(), "town\n");
    for _ in 0..5 {
        join_patiently(&client, &instances[0].room(), "67346").await;
    }
    eventually("the room is open", SOON, async || {
        status_is(&client, &instances, "phase", "open").await
    })
    .await;

    let shown = town.run(&["room", "show", "town"]).done();
    for line in ["town: Rehearsal", "version          0", "paused           false", "5 entered"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let paused = town.run(&["room", "set", "town", "--paused", "true"]).done();
    assert!(paused.contains("version          1") && paused.contains("paused           true"));
    eventually("both have heard of it", AT_ONCE, async || {
        status_is(&client, &instances, "phase", "paused").await
    })
    .await;

    let late = ["room", "set", "town", "--expect-version", "0", "--paused", "false"];
    assert!(town.run(&late).refused().contains("the levers have version 1 by now"));
    let wrong = ["room", "set", "town", "--burst", "0", "--max-active", "0", "--shares", "50,0,0"];
    let mistakes = town.run(&wrong).refused();
    for mistake in ["the burst must be", "max_active must be", "must add up to 100 percent"] {
        assert!(mistakes.contains(mistake), "{mistake}: {mistakes}");
    }
    assert!(town.run(&["room", "set", "town"]).refused().contains("say what to change"));
    let further = [
        "room",
        "set",
        "town",
        "--expect-version",
        "1",
        "--paused",
        "false",
        "--pace-per-minute",
        "90",
        "--max-active",
        "40",
        "--message-de",
        "Gleich.",
        "--message-en",
        "Soon.",
    ];
    assert!(town.run(&further).done().contains("pace             90 a minute"));
    eventually("both have heard of it", AT_ONCE, async || {
        status_is(&client, &instances, "phase", "open").await
    })
    .await;
    for instance in &instances {
        let status = send(client.get(instance.room())).await.body;
        assert_eq!(
            (&status["message"]["de"], &status["pace_per_minute"]),
            (&"Gleich.".into(), &90.into())
        );
    }
    let unknown = town.run(&["room", "show", "village"]).refused();
    assert!(unknown.contains("there is no room village"), "{unknown}");
    stop_all(instances).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_ends_when_its_room_is_removed_or_begun_anew() {
    let redis = RedisServer::start().await.expect("redis");
    let (town, client) = (Town::set_up(&redis), Client::new());
    let first = Campaign::soon(Duration::from_mins(10));
    town.apply(&first).done();
    let instances = town.open(&client, 2).await;
    let (joined, _) = join_patiently(&client, &instances[0].room(), "67346").await;
    let ticket = joined.text("ticket").to_owned();

    // The same line again changes nothing, and another one under the same number is refused.
    assert!(town.apply(&first).done().contains("was open already"));
    let other = Campaign { max_active: 7, ..first.clone() };
    assert!(town.apply(&other).refused().contains("exists with other settings"));
    let second = Campaign { incarnation: 2, ..other };
    assert!(town.apply(&second).done().contains("has begun a new line"));
    for instance in &instances {
        eventually("tickets of the rehearsal are worth nothing", SOON, async || {
            send(poll(&client, &instance.room(), &ticket)).await.status == 401
        })
        .await;
        assert_eq!(send(client.get(instance.room())).await.body["entered"], 0);
    }
    assert!(town.apply(&first).refused().contains("raise `incarnation`"));

    // A room that was removed stays away, whatever instances remember and tickets say.
    let (joined, _) = join_patiently(&client, &instances[1].room(), "67346").await;
    let ticket = joined.text("ticket").to_owned();
    assert!(
        town.run(&["room", "remove", "town", "--confirm", "village"]).refused().contains("repeat")
    );
    assert!(
        town.run(&["room", "remove", "town", "--confirm", "town"]).done().contains("is removed")
    );
    room_is_gone(&client, &instances).await;
    for instance in &instances {
        assert_eq!(send(poll(&client, &instance.room(), &ticket)).await.status, 404);
        assert_eq!(send(join(&client, &instance.room(), "67346")).await.status, 404);
        instance.until_missing(&client, "for town: put it into force").await;
    }
    assert_eq!(town.run(&["room", "list"]).done(), "");
    assert!(town.apply(&second).refused().contains("was removed"));
    let third = Campaign { incarnation: 3, ..Campaign::soon(Duration::from_mins(10)) };
    assert!(town.apply(&third).done().contains("is open"));
    for instance in &instances {
        instance.until_ready(&client).await;
        assert_eq!(send(poll(&client, &instance.room(), &ticket)).await.status, 401);
    }
    stop_all(instances).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn public_entropy_is_supplied_once_and_not_too_early() {
    let redis = RedisServer::start().await.expect("redis");
    let (town, client) = (Town::set_up(&redis), Client::new());
    let campaign =
        Campaign { public_entropy: Some(ENTROPY), ..Campaign::soon(Duration::from_secs(2)) };
    town.apply(&campaign).done();
    let supply = |text: &str| town.run(&["room", "entropy", "town", "0", text]);
    assert!(supply("3 8 21").refused().contains("has not been frozen yet"));
    let instances = town.open(&client, 1).await;
    let (joined, _) = join_patiently(&client, &instances[0].room(), "67346").await;
    let ticket = joined.text("ticket").to_owned();
    eventually("the entries are frozen", SOON, async || {
        let status = send(client.get(instances[0].room())).await.body;
        status["draws"][0]["entries"] == 1
    })
    .await;
    let waits = send(poll(&client, &instances[0].room(), &ticket)).await;
    assert_eq!(waits.text("state"), "gathering", "the draw awaits its entropy: {waits:?}");
    assert!(supply("\t\n").refused().contains("cannot be public entropy"));
    assert!(supply("3 8 21").done().contains("is complete"));
    assert!(supply(" 3 8 21 ").done().contains("supplied before"));
    assert!(supply("3 8 22").refused().contains("'3 8 21' was supplied before"));
    eventually("the draw is held", SOON, async || {
        let reply = send(poll(&client, &instances[0].room(), &ticket)).await;
        reply.body["place"] == 0
    })
    .await;
    stop_all(instances).await;
}
