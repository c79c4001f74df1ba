//! A batch: commands that are decided together, in one transaction.

pub mod changes;
pub mod command;
mod decide;
pub mod outcome;
pub mod state;

pub use decide::decide;
