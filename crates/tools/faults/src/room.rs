//! The waiting room: a crowd of simulated citizens joins, polls, takes passes and leaves.

mod bots;
mod campaign;
mod citizen;
mod course;
mod crowd;
mod flood;
mod history;
mod judge;
mod proof;
mod reading;
mod redis;
mod scenarios;
pub mod stage;
