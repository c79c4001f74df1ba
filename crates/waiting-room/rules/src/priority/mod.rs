//! Priority codes: whoever has one stands in the lane `priority`.
//!
//! A code is a number with a signature ([`PriorityKey`]), so nothing is kept of one that was not used. The levers say
//! how many there are and which are revoked ([`PriorityCodes`]); the store marks those that were used, in the same
//! step in which it issues the entry. `docs/adr/0047` says what follows when either is lost.

mod code;
mod issued;

pub use code::{CodeNumber, PriorityKey};
pub use issued::{BATCHES_MAX, CODES_A_TIME_MAX, CodesMistake, PriorityCodes, REVOKED_MAX};
