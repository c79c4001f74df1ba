//! What the hotline asks, for callers.

pub(crate) mod join;
