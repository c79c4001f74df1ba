//! The booking API: simulated citizens hold, book, cancel and wait with real passes on too few places, and
//! get letters.

mod campaign;
mod citizen;
mod course;
mod crowd;
mod database;
mod history;
mod judge;
mod passes;
mod post;
mod resets;
mod resources;
mod scenarios;
pub mod stage;
mod turn;
mod watch;
