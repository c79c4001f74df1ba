//! Whole services over HTTP on real servers, kills included.

mod browser;
mod campaigns;
mod canary;
mod citizen;
mod cli;
mod collection;
mod command;
mod demo;
mod draw_document;
mod family;
mod faults;
mod fleet;
mod frontend_document;
mod generated_clients;
mod in_front;
mod levers;
mod loss;
mod readiness;
mod restored;
mod rotation;
mod rush;
mod sandbox;
mod schemathesis;
mod stop;
mod town;
mod walk;
