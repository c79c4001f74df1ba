//! What those ask who run the waiting room.

pub(crate) mod list;
pub(crate) mod show;
mod wire;
