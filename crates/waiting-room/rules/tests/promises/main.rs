//! The room's promises, kept by whole instances on a shared store.

mod calling;
mod clocks;
mod harness;
mod line;
mod loss;
mod openings;
mod places;
mod renewal;
mod rollback;
mod rooms;
mod simulation;
