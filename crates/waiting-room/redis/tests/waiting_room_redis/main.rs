//! The store on a real Redis.

mod batches;
mod contract;
mod model;
mod operation;
mod own_servers;
mod remnants;

use waiting_room_redis::{RedisConfig, RedisRoomStore};

/// A store with keys of its own on the Redis that tests share.
async fn shared_store() -> RedisRoomStore {
    RedisRoomStore::new(&shared_config().await).expect("a valid address")
}

async fn shared_config() -> RedisConfig {
    RedisConfig {
        key_prefix: test_support::unique_prefix(),
        pool_size: 2,
        ..RedisConfig::new(test_support::shared_redis_url().await)
    }
}
