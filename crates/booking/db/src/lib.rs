//! The booking store on PostgreSQL and SQLite, from one source.
//!
//! An adapter: it implements [`booking::BookingStore`] and knows nothing of HTTP, and it decides
//! nothing. A transaction loads the rows that a batch names, calls [`booking::decide`], and writes
//! the changes set by set. Constraints of the schema are the last guard of the promises.
//!
//! - [`migrate`] brings a database to the schema, [`connect()`] gives the store.
//! - `tables/` has the tables, one a file; `migration/` is the truth about them.
//! - `batch/` loads and writes, by statements made from the tables; `sql/` has those that are not.
//! - `vault/` seals what is stored of a person.
//! - `dialect/` is the seam between the two databases: every statement stands once.
//! - Every call has a deadline of this side, and connections that do not answer are replaced: `reach`.

mod apply;
mod batch;
pub mod connect;
mod convert;
mod dialect;
pub mod failure;
mod fault;
mod file;
mod mail;
mod migration;
mod older;
mod reach;
mod read;
mod statements;
mod store;
mod tables;
mod vault;
mod webhooks;

pub use connect::{ConnectError, DbOptions};
pub use failure::{Failure, classify};
pub use file::FileLock;
pub use migration::migrate;
pub use store::{DbStore, connect};
pub use vault::{MasterKey, MasterKeys, RepeatedId};
