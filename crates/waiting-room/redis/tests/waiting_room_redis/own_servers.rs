//! What happens when Redis forgets, stops, dies or changes its role: on servers of the test's own.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, InfoDict};
use test_support::{RedisServer, eventually};
use waiting_room::contract::{START, limits, pass_id, room_settings};
use waiting_room::gate::Ledger;
use waiting_room::state::{Floor, RoomState};
use waiting_room::store::{Arrivals, Redeemed, Redemption};
use waiting_room::{RoomId, RoomStore, RoomStoreError};
use waiting_room_redis::{RedisConfig, RedisRoomStore};

const ONE: Arrivals = Arrivals { count: 1, floor: Floor { entered: 0, called: 0 }, express: None };

async fn server() -> RedisServer {
    RedisServer::start().await.expect("a redis of its own")
}

async fn store_with_room(config: &RedisConfig) -> (RedisRoomStore, RoomId) {
    let store = RedisRoomStore::new(config).expect("a valid address");
    let settings = room_settings("speyer");
    store.create(&settings).await.expect("create");
    (store, settings.room)
}

/// A connection beside the store's.
struct Admin(MultiplexedConnection);

impl Admin {
    async fn of(server: &RedisServer) -> Self {
        let client = redis::Client::open(server.url()).expect("a valid address");
        Self(client.get_multiplexed_async_connection().await.expect("redis"))
    }

    async fn send<T: FromRedisValue>(&mut self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut redis_command = redis::cmd(words.next().expect("a command"));
        redis_command.arg(words.collect::<Vec<_>>());
        redis_command.query_async(&mut self.0).await.expect("redis")
    }

    /// Calls of a command since the last reset, those of scripts included.
    async fn calls(&mut self, command: &str) -> u64 {
        let stats: InfoDict = self.send("INFO commandstats").await;
        let stats: String = stats.get(&format!("cmdstat_{command}")).unwrap_or_default();
        let calls = stats.split(',').find_map(|part| part.strip_prefix("calls="));
        calls.map_or(0, |calls| calls.parse().expect("a number"))
    }

    async fn connections_received(&mut self) -> u64 {
        let stats: InfoDict = self.send("INFO stats").await;
        stats.get("total_connections_received").expect("a number")
    }
}

async fn state(store: &RedisRoomStore, room: &RoomId) -> RoomState {
    store.sync(room, Floor::default()).await.expect("sync").expect("known").state
}

#[tokio::test]
async fn forgotten_scripts_are_loaded_again() {
    let server = server().await;
    let mut admin = Admin::of(&server).await;
    let (store, room) = store_with_room(&RedisConfig::new(server.url())).await;
    for entry in 0..3 {
        let () = admin.send("SCRIPT FLUSH").await;
        assert_eq!(store.join(&room, &ONE, START).await.expect("join").first, entry);
        let () = admin.send("SCRIPT FLUSH").await;
        assert_eq!(state(&store, &room).await.entered, entry + 1);
    }
}

#[tokio::test]
async fn a_batch_of_arrivals_costs_two_commands_besides_the_script() {
    let server = server().await;
    let mut admin = Admin::of(&server).await;
    let (store, room) = store_with_room(&RedisConfig::new(server.url())).await;
    store.join(&room, &ONE, START).await.expect("join");
    let () = admin.send("CONFIG RESETSTAT").await;
    store.join(&room, &Arrivals { count: 1_000, ..ONE }, START).await.expect("join");
    let mut calls = Vec::new();
    for command in ["evalsha", "hmget", "hset", "ping", "unwatch"] {
        calls.push(admin.calls(command).await);
    }
    assert_eq!(calls, [1; 5]);
    let stats: InfoDict = admin.send("INFO commandstats").await;
    let names: Vec<_> = stats.keys().filter(|name| !name.contains("info")).collect();
    assert_eq!(names.len(), 6, "the reset is counted, and nothing else: {names:?}");
}

/// P8, P9, P12: what was acknowledged is there after a crash under load.
#[tokio::test]
async fn a_crash_loses_nothing_acknowledged() {
    let server = server().await;
    let (store, room) = store_with_room(&RedisConfig::new(server.url())).await;
    store.join(&room, &Arrivals { count: 10, ..ONE }, START).await.expect("join");
    store.call(&room, 10, &Ledger { version: 1, ..Ledger::default() }).await.expect("call");
    let place = [Redemption { place: 3, pass_id: pass_id(3) }];
    store.redeem(&room, &place, &limits(5, START), START).await.expect("redeem");

    let store = Arc::new(store);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let arriving: Vec<_> = (0..4)
        .map(|_| {
            let (store, room) = (Arc::clone(&store), room.clone());
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                while let Ok(entries) = store.join(&room, &ONE, START).await {
                    acknowledged.lock().expect("no panic before").push(entries.first);
                }
            })
        })
        .collect();
    eventually("200 entries", Duration::from_secs(30), async || {
        acknowledged.lock().expect("no panic before").len() >= 200
    })
    .await;
    server.kill9().expect("killed");
    for task in arriving {
        task.await.expect("no panic");
    }
    let gone = store.join(&room, &ONE, START).await;
    assert!(matches!(gone, Err(RoomStoreError::Unavailable(_))), "{gone:?}");

    server.restart().await.expect("restarted");
    let mut entries = acknowledged.lock().expect("no panic before").clone();
    let next = store.join(&room, &ONE, START).await.expect("join after the restart").first;
    entries.push(next);
    entries.sort_unstable();
    let issued = entries.len();
    entries.dedup();
    assert_eq!(entries.len(), issued, "no entry is issued twice");
    assert_eq!(entries.last(), Some(&next), "the next entry is behind all others");
    let thief = [Redemption { place: 3, pass_id: pass_id(4) }];
    let answers = store.redeem(&room, &thief, &limits(5, START), START).await.expect("redeem");
    assert_eq!(answers, [Redeemed::Used]);
    assert_eq!(state(&store, &room).await.called, 10);
}

/// A server that is stopped, as by a hung disk, and goes on when this is dropped.
struct Stopped(String);

impl Stopped {
    fn process(pid: String) -> Self {
        signal("STOP", &pid);
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

fn signal(name: &str, pid: &str) {
    let status = Command::new("kill").args(["-s", name, pid]).status().expect("kill");
    assert!(status.success(), "{name} for {pid}: {status}");
}

#[tokio::test]
async fn a_hung_server_is_unavailable_within_the_deadline() {
    let server = server().await;
    let mut admin = Admin::of(&server).await;
    let deadline = Duration::from_millis(300);
    let patient = Duration::from_mins(1);
    let config = RedisConfig {
        trip_deadline: deadline,
        wait_timeout: patient,
        connect_timeout: patient,
        recycle_timeout: patient,
        response_timeout: patient,
        ..RedisConfig::new(server.url())
    };
    let (store, room) = store_with_room(&config).await;
    let info: InfoDict = admin.send("INFO server").await;
    let stopped = Stopped::process(info.get("process_id").expect("a process id"));
    for attempt in ["on the open connection", "on a new connection"] {
        let joining = store.join(&room, &ONE, START);
        let joined = tokio::time::timeout(deadline * 4, joining).await.expect(attempt);
        assert!(matches!(joined, Err(RoomStoreError::Unavailable(_))), "{attempt}: {joined:?}");
    }
    drop(stopped);
    store.join(&room, &ONE, START).await.expect("join after it goes on");
    store.ready().await.expect("ready");
}

#[tokio::test]
async fn a_demoted_server_is_left() {
    let server = server().await;
    let mut admin = Admin::of(&server).await;
    let (store, room) = store_with_room(&RedisConfig::new(server.url())).await;
    let before = admin.connections_received().await;
    let () = admin.send("REPLICAOF 127.0.0.1 1").await;
    for attempt in 1..=3 {
        let joined = store.join(&room, &ONE, START).await;
        assert!(matches!(joined, Err(RoomStoreError::Unavailable(_))), "{joined:?}");
        let replaced = admin.connections_received().await - before;
        assert_eq!(replaced, attempt - 1, "each failure closes its connection");
    }
    let () = admin.send("REPLICAOF NO ONE").await;
    for entry in 0..3 {
        assert_eq!(store.join(&room, &ONE, START).await.expect("join").first, entry);
    }
    assert_eq!(admin.connections_received().await - before, 3, "a sound connection is kept");
}

#[tokio::test]
async fn each_setting_that_loses_data_is_named() {
    let server = server().await;
    let mut admin = Admin::of(&server).await;
    let config = RedisConfig::new(server.url());
    let store = RedisRoomStore::new(&config).expect("a valid address");
    store.ready().await.expect("the test's own server keeps everything");
    for (wrong, right) in [
        ("appendonly no", "appendonly yes"),
        ("appendfsync everysec", "appendfsync always"),
        ("maxmemory-policy allkeys-lru", "maxmemory-policy noeviction"),
    ] {
        let () = admin.send(&format!("CONFIG SET {wrong}")).await;
        let refusal = store.ready().await.expect_err(wrong);
        assert!(matches!(refusal, RoomStoreError::Unusable(_)), "{refusal:?}");
        let refusal = refusal.to_string();
        assert!(refusal.contains(&wrong.replace(' ', " is ")), "{refusal}");
        assert!(refusal.contains(&format!("CONFIG SET {right}")), "{refusal}");
        assert_eq!(refusal.matches("CONFIG SET").count(), 1, "only what is wrong: {refusal}");
        let careless = RedisConfig { require_durable: false, ..config.clone() };
        let careless = RedisRoomStore::new(&careless).expect("a valid address");
        careless.ready().await.expect("for throw-away set-ups");
        let () = admin.send(&format!("CONFIG SET {right}")).await;
    }
    store.ready().await.expect("all is mended");
}
