//! What differs between the databases.

mod rows;

pub(crate) use rows::*;
