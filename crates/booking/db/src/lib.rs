//! The booking store on PostgreSQL and SQLite, from one source.
//!
//! An adapter: it implements [`booking::BookingStore`] and knows nothing of HTTP, and it decides
//! nothing. A transaction loads the rows that a batch names, calls [`booking::decide`], and writes
//! the changes set by set. Constraints of the schema are the last guard of the promises.
//!
//! - [`migrate`] brings a database to the schema, [`connect()`] gives the store.
//! - Every call has a deadline of this side, and connections that do not answer are replaced: `reach`.
//! - `sql/` has every set-based statement once for both databases; `rows` is the seam between them.
//! - `entity/` has the tables for SeaORM; `migration/` is the truth about them.

mod apply;
pub mod connect;
mod convert;
mod entity;
pub mod failure;
mod fault;
mod load;
mod migration;
mod reach;
mod read;
mod rows;
mod statements;
mod store;
mod write;

pub use connect::{ConnectError, DbOptions};
pub use failure::{Failure, classify};
pub use migration::migrate;
pub use store::{DbStore, connect};
