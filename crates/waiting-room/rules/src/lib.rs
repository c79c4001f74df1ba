//! The waiting room's rules.
//!
//! It knows nothing of HTTP, of Redis and of bookings. Storage is behind the port
//! [`store::RoomStore`]; the clock and the randomness come in as values.
//!
//! Read on in the order of a citizen's way: [`settings`] (the room as defined) and [`live`] (what may
//! change), [`service`] (the use cases), [`line`](mod@line) and [`draw`] (who stands where), [`gate`]
//! and [`pace`] (who is called), [`admission`] (who gets a pass), [`resume`] (how a ticket gets to
//! another device), [`memory`] (what is remembered and how it heals), [`notice`] (what the operator's
//! systems are told), [`store`] (what is kept).

pub mod admission;
mod alphabet;
pub mod audit;
pub mod contract;
pub mod door;
pub mod draw;
mod embedded;
pub mod gate;
pub mod lane;
pub mod line;
pub mod live;
pub mod memory;
pub mod notice;
pub mod pace;
pub mod poll;
pub mod priority;
pub mod resume;
pub mod schedule;
pub mod service;
pub mod settings;
pub mod state;
pub mod store;
pub mod view;

pub use embedded::{MemoryRoomStore, Rooms};
pub use pass::PassId;
pub use service::WaitingRoom;
pub use settings::{RoomId, RoomSettings};
pub use store::{RoomStore, RoomStoreError};
