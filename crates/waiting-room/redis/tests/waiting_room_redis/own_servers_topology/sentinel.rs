//! A master behind Sentinels.

use std::sync::Arc;
use std::time::Duration;

use test_support::{RedisSentinels, RedisSetup, TestAuthority, eventually};
use waiting_room_redis::RedisConfig;
use waiting_room_redis::topology::{Connections, RedisFailure};

use super::{
    Counter, FAILOVER, config, connections, everything_goes_through, is_unavailable, unusable,
};

fn keys() -> [String; 3] {
    ["a", "b", "c"].map(str::to_owned)
}

/// The failover, twice: to a new master and, when the first has come back, on to a third.
#[tokio::test]
async fn trips_find_the_next_master_by_themselves() {
    let fleet = RedisSentinels::start().await.expect("they find each other");
    let (connections, counter) = (connections(&fleet.url()), Counter::new());
    everything_goes_through(&connections, &keys()).await;
    fleet.kill9_sentinel(0).expect("two are enough");
    let before = counter.count(&connections, "a").await.expect("counted");

    let first = fleet.master().expect("they agree").clone();
    first.kill9().expect("killed");
    let away = counter.count(&connections, "a").await.expect_err("there is no master");
    assert!(is_unavailable(away));
    // What was acknowledged last may be lost with the master; nothing else is.
    assert!(counter.count_again(&connections, "a").await >= before);
    assert_ne!(fleet.master().expect("they agree").port(), first.port());

    first.restart().await.expect("it comes back");
    eventually("it is a replica", FAILOVER, async || {
        first.info("role").is_ok_and(|role| role.as_deref() == Some("slave"))
    })
    .await;
    let before = counter.count_again(&connections, "a").await;
    assert_eq!(counter.count(&connections, "a").await.expect("counted"), before + 1);
}

#[tokio::test]
async fn a_frozen_master_is_left_and_not_returned_to() {
    let fleet = RedisSentinels::start().await.expect("they find each other");
    let deadline = Duration::from_millis(500);
    let config = RedisConfig { trip_deadline: deadline, ..config(&fleet.url()) };
    let (connections, counter) = (Connections::new(&config).expect("set up"), Counter::new());
    counter.count_again(&connections, "a").await;
    let first = fleet.master().expect("they agree").clone();
    let frozen = first.freeze().expect("it is stopped");
    let hung = counter.count(&connections, "a").await.expect_err("nobody answers");
    assert!(matches!(hung, RedisFailure::Deadline(_)), "{hung:?}");
    counter.count_again(&connections, "a").await;
    assert_ne!(fleet.master().expect("they agree").port(), first.port());
    drop(frozen);
    eventually("it is a replica", FAILOVER, async || {
        first.info("role").is_ok_and(|role| role.as_deref() == Some("slave"))
    })
    .await;
    let before = counter.count_again(&connections, "a").await;
    assert!(counter.count_again(&connections, "a").await > before);
}

#[tokio::test]
async fn encryption_and_login_reach_master_and_sentinels() {
    let authority = Arc::new(TestAuthority::new().expect("keys can be made"));
    let setup = RedisSetup {
        authority: Some(authority),
        users: vec!["room on >geheim ~* &* +@all".to_owned()],
        ..RedisSetup::default()
    };
    let fleet = RedisSentinels::start_with(setup).await.expect("they find each other");
    let with_login = fleet.url().replace("://", "://room:geheim@");
    let with_login = with_login + "&sentinel_user=room&sentinel_password=geheim";
    everything_goes_through(&connections(&with_login), &keys()).await;

    let counter = Counter::new();
    let wrong = with_login.replace("sentinel_password=geheim", "sentinel_password=falsch");
    let refused = counter.count(&connections(&wrong), "a").await.expect_err("wrong password");
    assert!(unusable(refused).contains("authentication failed"));
    let unknown = fleet.url().replace("/mymaster", "/othermaster");
    let refused = counter.count(&connections(&unknown), "a").await.expect_err("no such master");
    assert!(unusable(refused).contains("no master 'othermaster'"));
}
