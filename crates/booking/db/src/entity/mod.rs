//! The tables as SeaORM entities: for reading single rows, and for the test that holds them to the
//! migrated schema. What a batch reads and writes goes through the set-based statements in `sql/`.

pub mod booking;
pub mod campaign;
pub mod campaign_revision;
pub mod hold;
pub mod idempotency;
pub mod pass_use;
pub mod slot;

#[cfg(test)]
mod drift;
