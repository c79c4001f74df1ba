//! The room store on Redis 7.
//!
//! It knows the port [`waiting_room::RoomStore`], and of the rules only the one that a store carries out itself,
//! admission. [`keys`] says what
//! lies where; `operations/*.lua` is what happens there, one script per operation; [`topology`] gets there and
//! back in time. [`waiting_room::MemoryRoomStore`] is the model: `tests/model.rs` holds this store
//! against it, operation by operation.
//!
//! Invariant: memory does not grow with the crowd, only with the passes given out.

mod failure;
mod fields;
pub mod keys;
mod operations;
mod ready;
mod store;
pub mod topology;

pub use store::RedisRoomStore;
pub use topology::{RedisAddress, RedisConfig};
