//! The room store on Redis 7.
//!
//! It knows the port [`waiting_room::RoomStore`] and nothing of the rules behind it. [`keys`] says what
//! lies where; `scripts/*.lua` is what happens there, one script per operation; `pool` gets there and
//! back in time. [`waiting_room::MemoryRoomStore`] is the model: `tests/model.rs` holds this store
//! against it, operation by operation.
//!
//! Invariant: memory does not grow with the crowd, but for one bit per place.

mod failure;
mod fields;
pub mod keys;
mod pool;
mod ready;
mod scripts;
mod store;

pub use pool::RedisConfig;
pub use store::RedisRoomStore;
