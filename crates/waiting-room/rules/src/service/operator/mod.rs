//! The operator's use cases: preview and look at a room, change its levers, supply public entropy, issue and revoke
//! priority codes.
//!
//! They work on the store alone, so that a command line can do them without a running service.

mod codes;
mod openings;
mod preview;
mod set;
mod show;
mod supply_entropy;

pub use codes::{IssueOutcome, IssuedCodes, Revoke, RevokeOutcome, issue_codes, revoke_codes};
pub use openings::OpeningChange;
pub use preview::{RoomPreview, preview};
pub use set::{Change, Expected, SetOutcome, set};
pub use show::{Shown, show};
pub use supply_entropy::{EntropyOutcome, supply_entropy};
