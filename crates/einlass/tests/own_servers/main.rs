//! Whole services over HTTP on real servers, kills included.

mod citizen;
mod cli;
mod demo;
mod fleet;
mod loss;
mod rush;
mod stop;
mod walk;
