//! The contract of the port.

waiting_room::room_store_contract!(crate::manual_store().await);
