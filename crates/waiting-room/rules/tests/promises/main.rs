//! The room's promises, kept by whole instances on a shared store.

mod calling;
mod clocks;
mod harness;
mod lanes;
mod line;
mod loss;
mod measures;
mod openings;
mod places;
mod renewal;
mod resume;
mod rollback;
mod rooms;
mod rotation;
mod simulation;
