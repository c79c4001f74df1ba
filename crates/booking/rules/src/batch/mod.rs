//! A batch: commands that are decided together, in one transaction.
//!
//! The batch knows of each command only that it [`Asks`]; what it means stands in its slice. A new
//! command is one file there and one line of the list in `command.rs`.

mod changes;
mod command;
mod decide;
mod footprint;
mod idempotency;
mod state;

pub use changes::{Changes, Executed, ExecutedPart, SlotChange};
pub(crate) use command::Asks;
pub use command::{Command, Outcome};
pub(crate) use decide::Decision;
pub use decide::decide;
pub use footprint::Footprint;
pub(crate) use idempotency::Earlier;
pub use idempotency::{Idempotency, IdempotencyRecord, Recorded};
pub use state::State;
