//! The campaign: sites, slots, tranches and rules, all of it data.

mod plan;

pub use plan::*;
