//! The booking store against real databases.

mod constraints;
mod contract;
mod fixture;
mod migrating;
mod older;
mod own_servers;
mod several_stores;
