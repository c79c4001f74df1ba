//! What both HTTP APIs share: problems, request ids, metrics, health, and the documentation page.
//!
//! It knows nothing of rooms or bookings but the words of the problem catalogue.

pub mod bearer;
pub mod cached;
pub mod client_address;
pub mod common;
pub mod cors;
pub mod docs_page;
pub mod document;
pub mod drain;
pub mod edge;
pub mod fallback;
pub mod form;
pub mod health;
pub mod idempotency;
pub mod json;
pub mod language;
pub mod limits;
pub mod message;
pub mod metrics;
pub mod path;
pub mod problem;
pub mod problem_page;
pub mod query;
pub mod reply;
pub mod server;
pub mod streams;
pub mod telemetry;
#[cfg(any(test, feature = "test-client"))]
pub mod test_client;
pub mod timed;
pub mod trace;

mod compressed;
mod description;
mod head;
mod request_id;

pub use bearer::{bearer, optional_bearer};
pub use cached::CachedBody;
pub use client_address::{ClientAddress, TrustedProxies};
pub use drain::Drain;
pub use edge::Edge;
pub use form::Form;
pub use idempotency::IdempotencyKey;
pub use json::Body;
pub use language::Language;
pub use limits::{AddressLimit, RateLimit};
pub use message::JsonOrMessage;
pub use problem::{Code, Mistake, Problem};
pub use query::Query;
pub use timed::TimedBody;

/// What the macros of this crate need in the crates that call them.
#[doc(hidden)]
pub mod reexport {
    pub use actix_web;
    pub use utoipa;
}
