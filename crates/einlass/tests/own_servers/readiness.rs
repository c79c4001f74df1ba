//! When an instance should get requests, and when it issues nothing.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;
use test_support::{RedisServer, eventually};

use crate::citizen::{Reply, join, join_patiently, send};
use crate::town::{Campaign, Town, stop_all};

const SOON: Duration = Duration::from_secs(20);
const PROBES: usize = 200;

fn entry(reply: &Reply) -> u64 {
    reply.body["entry"].as_u64().expect("an entry")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_with_another_draw_key_serves_nobody_and_disturbs_nobody() {
    let redis = RedisServer::start().await.expect("redis");
    let (town, client) = (Town::set_up(&redis), Client::new());
    town.apply(&Campaign::soon(Duration::from_mins(10))).done();
    let instances = town.open(&client, 1).await;
    let (_, draw) = town.keys().split_once("[draw]\nkey = \"").map(owned).expect("a draw key");
    let key = draw.split('"').next().expect("a key").to_owned();
    let reversed: String = key[..42].chars().rev().chain(key[42..].chars()).collect();
    let stranger = town.start_with(&town.keys().replace(&key, &reversed)).await;
    stranger.until_missing(&client, "created under another draw key").await;
    assert_eq!(send(join(&client, &stranger.room(), "67346")).await.status, 404);
    let (joined, _) = join_patiently(&client, &instances[0].room(), "67346").await;
    assert_eq!(joined.status, 201);
    assert_eq!(instances[0].readiness(&client).await.status, 200);
    stranger.stop().await;
    stop_all(instances).await;
}

fn owned((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

/// Anybody can ask; two who ask at once must not make a load balancer drop a healthy instance.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_probes_find_a_healthy_instance_ready() {
    let redis = RedisServer::start().await.expect("redis");
    let (town, client) = (Town::set_up(&redis), Client::new());
    town.apply(&Campaign::soon(Duration::from_mins(10))).done();
    let instances = town.open(&client, 1).await;
    let probe = async || {
        for _ in 0..PROBES {
            let reply = instances[0].readiness(&client).await;
            assert_eq!(reply.status, 200, "{reply:?}");
        }
    };
    join_all((0..4).map(|_| probe())).await;
    stop_all(instances).await;
}

/// Durability is looked at again while running: an acknowledged entry must not be forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_issued_while_redis_could_lose_it() {
    let redis = RedisServer::start().await.expect("redis");
    let (town, client) = (Town::set_up(&redis), Client::new());
    town.apply(&Campaign::soon(Duration::from_mins(10))).done();
    let instances = town.open(&client, 1).await;
    let room = instances[0].room();
    let (first, _) = join_patiently(&client, &room, "67346").await;
    assert_eq!(first.status, 201);
    redis.ask("CONFIG SET appendfsync everysec").expect("set");
    let last = tokio::sync::Mutex::new(entry(&first));
    eventually("it issues nothing", SOON, async || {
        let reply = send(join(&client, &room, "67346")).await;
        if reply.status == 201 {
            *last.lock().await = entry(&reply);
        }
        (reply.status.as_u16(), reply.code()) == (503, "unavailable")
    })
    .await;
    instances[0].until_missing(&client, "appendfsync is everysec").await;
    for _ in 0..20 {
        assert_eq!(send(join(&client, &room, "67346")).await.status, 503);
    }
    redis.ask("CONFIG SET appendfsync always").expect("set");
    instances[0].until_ready(&client).await;
    let (next, _) = join_patiently(&client, &room, "67346").await;
    assert_eq!(entry(&next), *last.lock().await + 1, "nothing was issued meanwhile");
    stop_all(instances).await;
}
