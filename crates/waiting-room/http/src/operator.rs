//! What those ask who run the waiting room.

pub(crate) mod audit;
pub(crate) mod audit_stream;
pub(crate) mod change;
mod if_match;
pub(crate) mod list;
mod paging;
pub(crate) mod show;
mod wire;
