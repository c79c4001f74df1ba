//! The pass that the waiting room gave.

pub(crate) mod end;
