//! What happens when Redis forgets, stops, dies or changes its role: on servers of the test's own.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, InfoDict};
use test_support::{RedisServer, eventually};
use waiting_room::contract::{created, pass_id, room_settings};
use waiting_room::gate::Ledger;
use waiting_room::lane::{Lane, PerLane};
use waiting_room::memory::Memory;
use waiting_room::memory::digest::Digest;
use waiting_room::store::{
    Arrival, Arrivals, Call, Entered, JoinReply, Redeemed, Redemption, Result as StoreResult,
};
use waiting_room::{RoomSettings, RoomStore, RoomStoreError};
use waiting_room_redis::{RedisConfig, RedisRoomStore};

/// A store on Redis's own clock with a room in it that everybody may join.
struct Town {
    store: RedisRoomStore,
    settings: RoomSettings,
}

impl Town {
    async fn new(config: &RedisConfig) -> Self {
        let store = RedisRoomStore::new(config).expect("no certificate to read");
        let mut settings = room_settings("speyer");
        // No boundary is due at today's time.
        settings.openings.clear();
        settings.closes_at = kernel::Timestamp::from_unix_s(9_000_000_000);
        store.create(&settings, &created(&settings)).await.expect("create");
        Self { store, settings }
    }

    fn digest(&self) -> Digest {
        Digest::of(&Memory::of_new_room(&self.settings))
    }

    async fn join(&self, count: usize) -> StoreResult<u64> {
        let people = vec![Arrival { pass_id: None, key: None, code: None }; count];
        let arrivals = Arrivals { lane: Lane::Public, people };
        match self.store.join(&self.settings.room, &self.digest(), &arrivals).await? {
            JoinReply::Entries(entries) => match entries.people[0] {
                Entered::New { entry, .. } => Ok(entry),
                other => panic!("expected a new entry, got {other:?}"),
            },
            other => panic!("expected entries, got {other:?}"),
        }
    }

    async fn memory(&self) -> Memory {
        let nothing = Memory::of_new_room(&self.settings);
        let merged = self.store.merge(&self.settings, &nothing, Duration::ZERO).await;
        merged.expect("known").state.memory
    }

    async fn redeem(&self, place: u64, pass: u64) -> Redeemed {
        let redemption =
            [Redemption { lane: Lane::Public, place, step: None, pass_id: pass_id(pass) }];
        let answers = self.store.redeem(&self.settings.room, &self.digest(), &redemption).await;
        answers.expect("redeem")[0]
    }
}

async fn server() -> RedisServer {
    RedisServer::start().await.expect("a redis of its own")
}

fn config(server: &RedisServer) -> RedisConfig {
    RedisConfig::new(server.url().parse().expect("an address"))
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

#[tokio::test]
async fn forgotten_scripts_are_loaded_again() {
    let server = server().await;
    let mut admin = Admin::of(&server).await;
    let town = Town::new(&config(&server)).await;
    for entry in 0..3 {
        let () = admin.send("SCRIPT FLUSH").await;
        assert_eq!(town.join(1).await.expect("join"), entry);
        let () = admin.send("SCRIPT FLUSH").await;
        assert_eq!(town.memory().await.entered, PerLane::public(entry + 1));
    }
}

#[tokio::test]
async fn a_batch_of_arrivals_costs_three_commands_besides_the_script_and_no_check_of_the_connection()
 {
    let server = server().await;
    let mut admin = Admin::of(&server).await;
    let town = Town::new(&config(&server)).await;
    town.join(1).await.expect("join");
    let () = admin.send("CONFIG RESETSTAT").await;
    town.join(1_000).await.expect("join");
    let mut calls = Vec::new();
    for command in ["evalsha", "hmget", "time", "hset"] {
        calls.push(admin.calls(command).await);
    }
    assert_eq!(calls, [1; 4]);
    let stats: InfoDict = admin.send("INFO commandstats").await;
    let names: Vec<_> = stats.keys().filter(|name| !name.contains("info")).collect();
    assert_eq!(names.len(), 5, "the reset is counted, and nothing else: {names:?}");
}

/// P8, P9, P12: what was acknowledged is there after a crash under load.
#[tokio::test]
async fn a_crash_loses_nothing_acknowledged() {
    let server = server().await;
    let town = Town::new(&config(&server)).await;
    town.join(10).await.expect("join");
    let ledger = Ledger { version: 1, ..Ledger::default() };
    let call = Call { called: PerLane::public(10), ledger, express: 0, express_behind: None };
    let digest = Digest::of(&town.memory().await);
    assert!(town.store.call(&town.settings.room, &digest, &call).await.expect("call"));
    let pass = town.redeem(3, 3).await;
    assert!(matches!(pass, Redeemed::Admitted { .. }), "{pass:?}");

    let town = Arc::new(town);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let arriving: Vec<_> = (0..4)
        .map(|_| {
            let town = Arc::clone(&town);
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                while let Ok(entry) = town.join(1).await {
                    acknowledged.lock().expect("no panic before").push(entry);
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
    let gone = town.join(1).await;
    assert!(matches!(gone, Err(RoomStoreError::Unavailable(_))), "{gone:?}");

    server.restart().await.expect("restarted");
    let mut entries = acknowledged.lock().expect("no panic before").clone();
    let next = town.join(1).await.expect("join after the restart");
    entries.push(next);
    entries.sort_unstable();
    let issued = entries.len();
    entries.dedup();
    assert_eq!(entries.len(), issued, "no entry is issued twice");
    assert_eq!(entries.last(), Some(&next), "the next entry is behind all others");
    assert_eq!(town.redeem(3, 3).await, pass, "the same pass, to the millisecond");
    assert_eq!(town.memory().await.called, PerLane::public(10));
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
        ..config(&server)
    };
    let town = Town::new(&config).await;
    let info: InfoDict = admin.send("INFO server").await;
    let stopped = Stopped::process(info.get("process_id").expect("a process id"));
    for attempt in ["on the open connection", "on a new connection"] {
        // Only the deadline can end it before the patience of the client does.
        let joined = tokio::time::timeout(patient / 2, town.join(1)).await.expect(attempt);
        assert!(matches!(joined, Err(RoomStoreError::Unavailable(_))), "{attempt}: {joined:?}");
    }
    drop(stopped);
    town.join(1).await.expect("join after it goes on");
    town.store.ready().await.expect("ready");
}

#[tokio::test]
async fn a_demoted_server_is_left() {
    let server = server().await;
    let mut admin = Admin::of(&server).await;
    let town = Town::new(&config(&server)).await;
    let before = admin.connections_received().await;
    let () = admin.send("REPLICAOF 127.0.0.1 1").await;
    for attempt in 1..=3 {
        let joined = town.join(1).await;
        assert!(matches!(joined, Err(RoomStoreError::Unavailable(_))), "{joined:?}");
        let replaced = admin.connections_received().await - before;
        assert_eq!(replaced, attempt - 1, "each failure closes its connection");
    }
    let () = admin.send("REPLICAOF NO ONE").await;
    for entry in 0..3 {
        assert_eq!(town.join(1).await.expect("join"), entry);
    }
    assert_eq!(admin.connections_received().await - before, 3, "a sound connection is kept");
}

#[tokio::test]
async fn each_setting_that_loses_data_is_named() {
    let server = server().await;
    let mut admin = Admin::of(&server).await;
    let config = config(&server);
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
