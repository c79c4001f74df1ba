//! The room's promises, kept by whole instances on a shared store.

mod harness;
mod line;
mod loss;
mod simulation;
