//! The way to Redis in every topology: on servers of the test's own, with scripts of its own.

mod cluster;
mod readiness;
mod sentinel;
mod single;

use std::time::Duration;

use redis::{Script, Value};
use test_support::eventually;
use waiting_room::RoomStoreError;
use waiting_room_redis::RedisConfig;
use waiting_room_redis::topology::{Connections, RedisFailure};

/// A failover takes three seconds to notice and some more to agree on.
const FAILOVER: Duration = Duration::from_mins(1);

/// Longer than a write takes on a disk that everybody uses: a sound server is never taken for a hung one.
const PATIENT: Duration = Duration::from_secs(20);

fn config(url: &str) -> RedisConfig {
    RedisConfig {
        trip_deadline: PATIENT,
        connect_timeout: PATIENT,
        response_timeout: PATIENT,
        wait_timeout: PATIENT,
        ..RedisConfig::new(url.parse().unwrap_or_else(|wrong| panic!("{url} {wrong}")))
    }
}

fn connections(url: &str) -> Connections {
    Connections::new(&config(url)).expect("nothing is missing")
}

/// Counts up, in one command that writes.
struct Counter(Script);

impl Counter {
    fn new() -> Self {
        Self(Script::new("return redis.call('INCR', KEYS[1])"))
    }

    async fn count(&self, connections: &Connections, key: &str) -> Result<u64, RedisFailure> {
        connections.run(&self.0.key(key)).await
    }

    /// Counts until it works again; gives the number.
    async fn count_again(&self, connections: &Connections, key: &str) -> u64 {
        let mut counted = 0;
        eventually("the next count", FAILOVER, async || {
            counted = self.count(connections, key).await.unwrap_or(0);
            counted > 0
        })
        .await;
        counted
    }
}

/// Every operation goes through, for keys that lie on one server or on several.
async fn everything_goes_through(connections: &Connections, keys: &[String]) {
    let counter = Counter::new();
    for key in keys {
        assert_eq!(counter.count(connections, key).await.expect("counted"), 1);
    }
    let mut commands = redis::pipe();
    for key in keys {
        commands.get(key);
    }
    let all: Vec<u64> = connections.query_all(&commands).await.expect("read");
    assert_eq!(all, vec![1; keys.len()]);
    let one: u64 = connections.query(redis::cmd("GET").arg(&keys[0])).await.expect("read");
    assert_eq!(one, 1);
    let pong: String = connections.query(&redis::cmd("PING")).await.expect("answered");
    assert_eq!(pong, "PONG");
    one_broken_key_spoils_nothing(connections, keys).await;
    let groups = connections
        .by_server(&keys.iter().map(String::as_bytes).collect::<Vec<_>>())
        .await
        .expect("known");
    let mut grouped: Vec<usize> = groups.into_iter().flatten().collect();
    grouped.sort_unstable();
    assert_eq!(grouped, (0..keys.len()).collect::<Vec<_>>());
}

/// P20: many keys in one call, one of which is no number.
async fn one_broken_key_spoils_nothing(connections: &Connections, keys: &[String]) {
    let broken = format!("{}:broken", keys[0]);
    let () =
        connections.query(redis::cmd("SET").arg(&broken).arg("no number")).await.expect("written");
    // New to every server, so that each has to load it on the way.
    let script = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    let mut calls: Vec<_> = keys.iter().map(|key| script.key(key)).collect();
    calls.insert(1, script.key(&broken));
    for call in &mut calls {
        call.arg(10);
    }
    for round in 1..=2 {
        let answers = connections.run_many(&calls).await;
        assert_eq!(answers.len(), calls.len());
        for (index, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(value) => assert_eq!(value, Value::Int(1 + 10 * round), "{index}"),
                Err(failure) => {
                    assert_eq!(index, 1, "{failure:?}");
                    assert!(matches!(failure, RedisFailure::Command(_)), "{failure:?}");
                }
            }
        }
    }
    let () = connections.query(redis::cmd("DEL").arg(&broken)).await.expect("deleted");
}

/// The message of a failure that somebody has to mend.
fn unusable(failure: RedisFailure) -> String {
    match RoomStoreError::from(failure) {
        RoomStoreError::Unusable(message) => message,
        other => panic!("it would be tried again: {other:?}"),
    }
}

fn is_unavailable(failure: RedisFailure) -> bool {
    matches!(RoomStoreError::from(failure), RoomStoreError::Unavailable(_))
}
