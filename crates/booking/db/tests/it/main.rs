//! The booking store against real databases.

mod clocks;
mod constraints;
mod contract;
mod events;
mod fixture;
mod migrating;
mod older;
mod overrun;
mod own_servers;
mod own_servers_silence;
mod poison;
mod purging;
mod sealed;
mod several_stores;
mod several_stores_waitlist;
mod unasked;
