//! What becomes of a room when a part of its keys is gone or cannot be read, as no crash does it but a hand
//! may.

use std::sync::Arc;
use std::time::Duration;

use kernel::ManualClock;
use redis::aio::MultiplexedConnection;
use waiting_room::contract::{START, created, pass_id, room_settings};
use waiting_room::lane::{Lane, PerLane};
use waiting_room::memory::digest::Digest;
use waiting_room::memory::{Frozen, Memory};
use waiting_room::store::{Ask, Created, Redeemed, Redemption, RoomStoreError};
use waiting_room::{RoomId, RoomSettings, RoomStore};
use waiting_room_redis::RedisRoomStore;
use waiting_room_redis::keys::{self, RoomKeys};

struct Remnants {
    store: RedisRoomStore,
    clock: Arc<ManualClock>,
    settings: RoomSettings,
    admin: MultiplexedConnection,
    key_prefix: String,
}

impl Remnants {
    /// A room in which five are called and the pass with the number 2 was taken.
    async fn new() -> Self {
        let config = crate::shared_config().await;
        let clock = Arc::new(ManualClock::at(START));
        let client =
            redis::Client::open(test_support::shared_redis_url().await).expect("a valid address");
        let remnants = Self {
            store: crate::store_at(&config, &clock),
            clock,
            settings: room_settings("remnants"),
            admin: client.get_multiplexed_async_connection().await.expect("redis"),
            key_prefix: config.key_prefix,
        };
        remnants.merge().await;
        assert!(matches!(remnants.redeem(2).await, Redeemed::Admitted { .. }));
        remnants
    }

    fn memory(&self) -> Memory {
        let mut memory = Memory::of_new_room(&self.settings);
        for index in [0, 1] {
            memory.saw_boundary(index, Frozen { at: START, entries: PerLane::public(5) });
        }
        memory.called = PerLane::public(5);
        memory
    }

    async fn merge(&self) {
        let merged = self.store.merge(&self.settings, &self.memory(), Duration::ZERO).await;
        merged.expect("merge");
    }

    async fn redeem(&self, pass: u64) -> Redeemed {
        let digest = Digest::of(&self.memory());
        let redemption =
            [Redemption { lane: Lane::Public, place: 2, step: None, pass_id: pass_id(pass) }];
        let answers = self.store.redeem(&self.settings.room, &digest, &redemption).await;
        answers.expect("redeem")[0]
    }

    fn keys(&self, room: &str) -> RoomKeys {
        RoomKeys::new(&self.key_prefix, &room.parse().expect("a name"))
    }

    async fn send(&mut self, command: &[&[u8]]) {
        let mut redis_command = redis::Cmd::new();
        redis_command.arg(command);
        redis_command.exec_async(&mut self.admin).await.expect("redis");
    }

    async fn forget_state(&mut self) {
        let keys = self.keys("remnants");
        self.send(&[b"DEL", keys.state.as_bytes()]).await;
    }
}

/// P9: passes of the same line that were not forgotten go on counting.
#[tokio::test]
async fn a_restored_room_keeps_what_it_still_knows() {
    let mut remnants = Remnants::new().await;
    remnants.forget_state().await;
    remnants.merge().await;
    remnants.clock.advance(Duration::from_mins(15));
    assert_eq!(remnants.redeem(2).await, Redeemed::Used);
    assert!(matches!(remnants.redeem(3).await, Redeemed::Admitted { .. }));
}

#[tokio::test]
async fn a_room_made_anew_inherits_nothing() {
    let mut remnants = Remnants::new().await;
    remnants.forget_state().await;
    let created = remnants
        .store
        .create(&remnants.settings, &created(&remnants.settings))
        .await
        .expect("create");
    assert_eq!(created, Created::Healing);
    remnants.merge().await;
    remnants.clock.advance(Duration::from_mins(15));
    assert!(matches!(remnants.redeem(2).await, Redeemed::Admitted { .. }));
}

/// P20: one room that cannot be read fails alone, and what is no room at all is passed over.
#[tokio::test]
async fn what_cannot_be_read_fails_alone() {
    let mut remnants = Remnants::new().await;
    let broken = room_settings("a-broken-one");
    let half_gone = room_settings("z-half-gone");
    for settings in [&broken, &half_gone] {
        remnants.store.create(settings, &created(settings)).await.expect("create");
    }
    let keys = [remnants.keys("a-broken-one"), remnants.keys("z-half-gone")];
    remnants.send(&[b"SET", keys[0].settings.as_bytes(), b"{\"format\":9}"]).await;
    remnants.send(&[b"HSET", keys[0].state.as_bytes(), b"live", b"?"]).await;
    remnants.send(&[b"HDEL", keys[1].state.as_bytes(), b"tat_us"]).await;
    let rooms = keys::rooms(&remnants.key_prefix);
    remnants.send(&[b"ZADD", rooms.as_bytes(), b"0", b"No Room!", b"0", b"b", b"0", b"\xff"]).await;

    let mut listed: Vec<RoomId> = Vec::new();
    loop {
        let page = remnants.store.list(listed.last(), 1).await.expect("list");
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    let names: Vec<&str> = listed.iter().map(RoomId::as_str).collect();
    assert_eq!(names, ["a-broken-one", "b", "remnants", "z-half-gone"]);
    let unreadable = remnants.store.settings(&broken.room).await.expect_err("unreadable");
    assert!(
        matches!(&unreadable, RoomStoreError::Unusable(why) if why.contains("a-broken-one")),
        "{unreadable}"
    );
    let ask = |room: &RoomId| Ask {
        room: room.clone(),
        digest: None,
        claim_window: Duration::ZERO,
        listening: Duration::ZERO,
    };
    let asks: Vec<Ask> = listed.iter().map(ask).collect();
    let answers = remnants.store.read(&asks).await.expect("read");
    assert!(matches!(answers[0], Err(RoomStoreError::Unusable(_))), "{:?}", answers[0]);
    assert!(matches!(answers[1], Err(RoomStoreError::Behind(_))), "{:?}", answers[1]);
    assert!(answers[2].is_ok(), "{:?}", answers[2]);
    assert!(matches!(answers[3], Err(RoomStoreError::Unusable(_))), "{:?}", answers[3]);
}
