//! Webhooks as [Standard Webhooks](https://www.standardwebhooks.com) has them, whoever sends them and about what.
//!
//! - [`endpoint`]: who gets messages, as the operator writes it;
//! - [`secret`]: what messages are signed with;
//! - [`sender`]: hands one message to one endpoint, to no address but those that [`address`] admits;
//! - [`schedule`]: when a message that was not taken is tried again.
//!
//! What a message says, where it is kept until it was taken, and who gets which, is the business of whoever
//! uses it.

pub mod address;
pub mod endpoint;
mod lookup;
pub mod schedule;
pub mod secret;
pub mod sender;

pub use address::Networks;
pub use endpoint::{Endpoint, InvalidEndpoints};
pub use lookup::{Lookup, SystemLookup};
pub use secret::{InvalidSecret, Secrets};
pub use sender::{Answer, Limits, Message, Reason, Refused, Sender};
