//! The waiting room's HTTP API.
//!
//! One file under `citizen`, `hotline`, `operator` or `systems` is one endpoint: its wire types, its handler, its problems, its
//! part of the OpenAPI document and its tests. A handler only translates: the request into a command of
//! [`waiting_room::WaitingRoom`], and the outcome into a wire type or a problem. It knows nothing of
//! stores, and it holds no state of its own but the rendered status of each room and the counters of
//! the rate limits.

mod app;
mod citizen;
mod cookie;
mod guard;
#[cfg(test)]
mod harness;
mod hotline;
mod limits;
mod member;
mod openapi;
mod operator;
mod page;
mod proofs;
mod refusal;
mod routes;
mod systems;
mod wire;

pub use app::{App, Parts, RefreshStaffKeys};
pub use guard::{FailMode, Guard, Guards};
pub use limits::RateLimits;
pub use openapi::openapi;
pub use proofs::Proofs;
pub use routes::routes;
pub use systems::jwks::KEY_SET_MAX_AGE_S;
