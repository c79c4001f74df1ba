//! The booking API: simulated citizens hold, book and cancel with real passes on too few places.

mod campaign;
mod citizen;
mod course;
mod crowd;
mod database;
mod history;
mod judge;
mod passes;
mod resets;
mod resources;
mod scenarios;
pub mod stage;
mod watch;
