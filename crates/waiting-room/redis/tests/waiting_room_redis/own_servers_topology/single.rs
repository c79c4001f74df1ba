//! One server.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::Stopwatch;
use test_support::{RedisServer, RedisSetup, TestAuthority, eventually};
use waiting_room_redis::RedisConfig;
use waiting_room_redis::topology::{Connections, RedisFailure};

use super::{
    Counter, PATIENT, config, connections, everything_goes_through, is_unavailable, unusable,
};

async fn server() -> RedisServer {
    RedisServer::start().await.expect("a redis of its own")
}

fn keys() -> [String; 4] {
    ["a", "b", "c", "d"].map(str::to_owned)
}

/// How often a command was called since the last `CONFIG RESETSTAT`.
fn calls(server: &RedisServer, command: &str) -> u64 {
    let stats = server.ask("INFO commandstats").expect("it answers");
    let line = format!("cmdstat_{command}:calls=");
    let count = stats.lines().find_map(|stat| stat.strip_prefix(&line)?.split(',').next());
    count.map_or(0, |count| count.parse().expect("a number"))
}

#[tokio::test]
async fn a_port_and_a_socket_lead_to_the_same_server() {
    let server = server().await;
    everything_goes_through(&connections(&server.url()), &keys()).await;
    let counter = Counter::new();
    let socket = connections(&server.socket_url());
    assert_eq!(counter.count(&socket, "a").await.expect("counted"), 22);
    let elsewhere = connections(&format!("{}?database=3", server.socket_url()));
    assert_eq!(counter.count(&elsewhere, "a").await.expect("counted"), 1);
}

#[tokio::test]
async fn a_busy_trip_is_one_command_and_an_idle_connection_is_asked_whether_it_lives() {
    let server = server().await;
    let (connections, counter) = (connections(&server.url()), Counter::new());
    counter.count(&connections, "a").await.expect("counted");
    // A stall of the disk makes a connection idle; then it says nothing about busy ones.
    eventually("a hundred trips without a stall", PATIENT, async || {
        server.ask("CONFIG RESETSTAT").expect("reset");
        let took = Stopwatch::start();
        for _ in 0..100 {
            counter.count(&connections, "a").await.expect("counted");
        }
        took.elapsed() < Duration::from_millis(900)
    })
    .await;
    assert_eq!(["evalsha", "ping", "unwatch"].map(|name| calls(&server, name)), [100, 0, 0]);
    let idle = Stopwatch::start();
    eventually("more than a second is over", Duration::from_secs(5), async || {
        idle.elapsed() > Duration::from_millis(1_100)
    })
    .await;
    counter.count(&connections, "a").await.expect("counted");
    assert_eq!(["evalsha", "ping", "unwatch"].map(|name| calls(&server, name)), [101, 1, 1]);
}

#[tokio::test]
async fn many_trips_share_the_connections_that_are_allowed() {
    let server = server().await;
    let config = RedisConfig { pool_size: 2, ..config(&server.url()) };
    let (connections, counter) = (Connections::new(&config).expect("set up"), Counter::new());
    let trips =
        join_all((0..200).map(async |_| counter.count(&connections, "a").await.expect("counted")));
    assert_eq!(trips.await.into_iter().max(), Some(200));
    let received = server.info("total_connections_received").expect("it answers");
    // Ours over the port, the test's own over the socket: one to see that it was ready, one for this.
    let received: u32 = received.and_then(|count| count.parse().ok()).expect("a number");
    let own = calls(&server, "info");
    assert!(u64::from(received) <= 2 + own + 1, "{received} connections, {own} of the test");
}

#[tokio::test]
async fn only_a_certificate_of_the_authority_named_is_accepted() {
    let authority = Arc::new(TestAuthority::new().expect("keys can be made"));
    let setup = RedisSetup { authority: Some(Arc::clone(&authority)), ..RedisSetup::default() };
    let server = RedisServer::start_with(setup).await.expect("an encrypted redis");
    everything_goes_through(&connections(&server.url()), &keys()).await;

    let stranger = TestAuthority::new().expect("keys can be made");
    let strange = format!("rediss://127.0.0.1:{}?ca={}", server.port(), stranger.path().display());
    let system = format!("rediss://127.0.0.1:{}", server.port());
    for url in [strange, system] {
        let refused = Counter::new().count(&connections(&url), "a").await.expect_err(&url);
        let message = unusable(refused);
        assert!(message.contains("certificate"), "{message}");
    }
    let plain = connections(&format!("redis://127.0.0.1:{}", server.port()));
    Counter::new().count(&plain, "a").await.expect_err("it speaks TLS only");
}

#[tokio::test]
async fn a_wrong_password_is_to_be_mended_and_shown_to_nobody() {
    let setup = RedisSetup {
        users: vec!["room on >geheim ~einlass:* +@all".to_owned()],
        ..RedisSetup::default()
    };
    let server = RedisServer::start_with(setup).await.expect("a redis with a user");
    let url = |login: &str| format!("redis://{login}@127.0.0.1:{}", server.port());
    let (counter, right) = (Counter::new(), connections(&url("room:geheim")));
    assert_eq!(counter.count(&right, "einlass:a").await.expect("counted"), 1);
    let elsewhere = counter.count(&right, "other:a").await.expect_err("not its keys");
    let message = unusable(elsewhere);
    assert!(message.contains("NoPerm"), "{message}");
    for login in ["room:falsch", "nobody:falsch"] {
        let refused = counter.count(&connections(&url(login)), "einlass:a").await;
        let message = unusable(refused.expect_err(login));
        assert!(message.contains("authentication failed"), "{message}");
        assert!(!message.contains("falsch"), "{message}");
    }
}

#[tokio::test]
async fn a_demoted_server_is_used_again_when_it_is_a_master_again() {
    let server = server().await;
    let (connections, counter) = (connections(&server.url()), Counter::new());
    assert_eq!(counter.count(&connections, "a").await.expect("counted"), 1);
    server.hold_back().expect("it becomes a replica of nobody");
    for _ in 0..3 {
        let refused = counter.count(&connections, "a").await.expect_err("a replica");
        assert!(is_unavailable(refused));
    }
    server.promote().expect("it becomes a master");
    assert_eq!(counter.count(&connections, "a").await.expect("counted"), 2);
}

#[tokio::test]
async fn a_frozen_server_costs_no_trip_more_than_the_deadline() {
    let server = server().await;
    let deadline = Duration::from_millis(300);
    let config = RedisConfig { trip_deadline: deadline, ..config(&server.url()) };
    let (connections, counter) = (Connections::new(&config).expect("set up"), Counter::new());
    assert_eq!(counter.count(&connections, "a").await.expect("counted"), 1);
    let frozen = server.freeze().expect("it is stopped");
    for _ in 0..3 {
        let took = Stopwatch::start();
        let failure = counter.count(&connections, "a").await.expect_err("nobody answers");
        assert!(matches!(failure, RedisFailure::Deadline(_)), "{failure:?}");
        assert!(took.elapsed() < PATIENT / 2, "{:?}", took.elapsed());
    }
    drop(frozen);
    counter.count_again(&connections, "a").await;
}
