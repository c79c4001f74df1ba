//! The store on a real Redis.

mod batches;
mod contract;
mod model;
mod operation;
mod own_servers;
mod own_servers_topology;
mod pair;
mod remnants;

use std::sync::Arc;

use kernel::{Clock, ManualClock};
use waiting_room::contract::START;
use waiting_room_redis::{RedisConfig, RedisRoomStore};

/// A store with keys of its own on the Redis that tests share, and the clock that it goes by.
async fn manual_store() -> (RedisRoomStore, Arc<ManualClock>, ()) {
    let clock = Arc::new(ManualClock::at(START));
    let config = shared_config().await;
    (store_at(&config, &clock), clock, ())
}

fn store_at(config: &RedisConfig, clock: &Arc<ManualClock>) -> RedisRoomStore {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    RedisRoomStore::with_clock(config, Some(clock)).expect("no certificate to read")
}

async fn shared_config() -> RedisConfig {
    let address = test_support::shared_redis_url().await.parse().expect("an address");
    RedisConfig {
        key_prefix: test_support::unique_prefix(),
        pool_size: 2,
        ..RedisConfig::new(address)
    }
}
