//! A batch in the database: lock and load, (decide,) write, and once more from the beginning where
//! that helps.

mod births;
mod bystanders;
mod load;
mod optimistic;
#[cfg(test)]
mod plans;
mod retry;
mod write;

pub(crate) use load::{CampaignCache, Loader, Version, definition, load_template};
pub(crate) use optimistic::{Mirror, Mirrors, Moment, optimistic_text};
pub(crate) use retry::retry;
pub(crate) use write::{Head, Known, WriteTexts, Writer};
