//! The waiting room's HTTP API.
//!
//! One file under `routes` is one endpoint: its wire types, its handler, its problems, its part of
//! the OpenAPI document and its tests. A handler only translates: the request into a command of
//! [`waiting_room::WaitingRoom`], and the outcome into a wire type or a problem. It knows nothing of
//! stores, and it holds no state of its own but the rendered status of each room.

mod app;
mod credential;
#[cfg(test)]
mod harness;
mod openapi;
mod refusal;
mod routes;
mod wire;

pub use app::{App, Parts};
pub use credential::ServiceCredential;
pub use openapi::openapi;
pub use routes::routes;
