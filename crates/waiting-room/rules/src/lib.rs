//! The waiting room's rules.
//!
//! It knows nothing of HTTP, of Redis and of bookings. Storage is behind the port
//! [`store::RoomStore`]; the clock and the randomness come in as values.
//!
//! Read on in the order of a citizen's way: [`settings`] (the room as defined), [`waiting_room`] (the
//! use cases), [`ticket`], [`line`] and [`draw`] (who stands where), [`gate`] and [`pace`] (who is
//! called), [`store`] (what is kept).

pub mod contract;
pub mod draw;
pub mod gate;
pub mod line;
mod memory;
pub mod outcome;
pub mod pace;
mod room;
pub mod settings;
pub mod state;
pub mod store;
pub mod ticket;
pub mod view;
pub mod waiting_room;

pub use memory::MemoryRoomStore;
pub use pass::PassId;
pub use settings::{RoomId, RoomSettings};
pub use store::{RoomStore, RoomStoreError};
pub use waiting_room::WaitingRoom;
