//! The binary: configuration, life cycle, and the only place that names adapters.
//!
//! A service is configured, started and stopped in three steps, the same in production, in the demo and
//! in tests: [`config::load`], [`waiting_room_service::WaitingRoomService::start`] or
//! [`booking_service::BookingService::start`], and `stop`.

pub mod adapters;
pub mod addresses;
pub mod booking_service;
pub mod campaign;
pub mod cli;
pub mod commands;
pub mod config;
pub mod front;
mod jwks;
pub mod keys;
mod listener;
mod mail;
mod open_files;
pub mod process;
pub mod rate_limits;
mod reporter;
pub mod staff;
pub mod traces;
pub mod waiting_room_service;
mod webhooks;

/// Of the program and of its tests: requests are many small allocations, on as many threads as there are processors.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
