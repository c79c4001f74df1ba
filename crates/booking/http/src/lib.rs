//! The booking service's HTTP API.
//!
//! One file under `citizen` is one endpoint: its wire types, its handler, its problems, its part of
//! the OpenAPI document and its tests. A handler only translates: the request into a use case of
//! [`booking::Bookings`], and the outcome into a wire type or a problem. It knows nothing of stores
//! and entities, and it holds no state of its own but what many read, rendered once.

mod app;
mod authorize;
mod citizen;
#[cfg(test)]
mod harness;
mod limits;
mod openapi;
mod refusal;
mod rendered;
mod routes;
mod streams;
mod systems;

pub use app::{App, MailReports, Parts, RefreshKeys};
pub use citizen::feed::PublicUrls;
pub use limits::RateLimits;
pub use openapi::openapi;
pub use routes::routes;
