//! What becomes of redeemed places when the rest of a room's keys is gone, as no crash does it but a
//! hand may.

use waiting_room::contract::{START, limits, pass_id, room_settings};
use waiting_room::state::{Floor, RoomState};
use waiting_room::store::{Created, Redeemed, Redemption};
use waiting_room::{RoomSettings, RoomStore};
use waiting_room_redis::RedisRoomStore;
use waiting_room_redis::keys::RoomKeys;

const CALLED: Floor = Floor { entered: 5, called: 5 };

/// A room whose place 2 is redeemed, and which has lost its state.
async fn remnants() -> (RedisRoomStore, RoomSettings) {
    let config = crate::shared_config().await;
    let store = RedisRoomStore::new(&config).expect("a valid address");
    let settings = room_settings("remnants");
    store.create(&settings).await.expect("create");
    store.sync(&settings.room, CALLED).await.expect("sync");
    assert!(matches!(redeem(&store, &settings, 1).await, Redeemed::Admitted { .. }));

    let client = redis::Client::open(config.url.as_str()).expect("a valid address");
    let mut admin = client.get_multiplexed_async_connection().await.expect("redis");
    let keys = RoomKeys::new(&config.key_prefix, &settings.room);
    let mut delete = redis::cmd("DEL");
    delete.arg(&keys.state).exec_async(&mut admin).await.expect("redis");
    (store, settings)
}

async fn redeem(store: &RedisRoomStore, settings: &RoomSettings, pass: u64) -> Redeemed {
    let redemption = [Redemption { place: 2, pass_id: pass_id(pass) }];
    let limits = limits(5, START);
    store.redeem(&settings.room, &redemption, &limits, START).await.expect("redeem")[0]
}

#[tokio::test]
async fn a_restored_room_keeps_what_it_still_knows() {
    let (store, settings) = remnants().await;
    store.restore(&settings, &RoomState::empty(), START).await.expect("restore");
    store.sync(&settings.room, CALLED).await.expect("sync");
    assert_eq!(redeem(&store, &settings, 2).await, Redeemed::Used);
}

#[tokio::test]
async fn a_room_made_anew_inherits_nothing() {
    let (store, settings) = remnants().await;
    assert_eq!(store.create(&settings).await.expect("create"), Created::New);
    store.sync(&settings.room, CALLED).await.expect("sync");
    assert!(matches!(redeem(&store, &settings, 2).await, Redeemed::Admitted { .. }));
}
