//! What can go wrong, one story in each file.

mod clients_reset;
mod database_killed;
mod database_silent;
mod database_stopped;
mod disk_full;
mod hold_expires;
mod instance_frozen;
mod instance_stopped;
mod network_silent;
mod one_pass;
mod replies_lost;

use crate::booking::stage::Stage;
pub use crate::play::Scenario;

/// All, in the order in which they are played.
pub const ALL: &[&dyn Scenario<Stage>] = &[
    &database_killed::DatabaseKilled,
    &database_stopped::DatabaseStopped,
    &disk_full::DiskFull,
    &replies_lost::RepliesLost,
    &database_silent::DatabaseSilent,
    &network_silent::NetworkSilent,
    &clients_reset::ClientsReset,
    &one_pass::OnePass,
    &hold_expires::HoldExpires,
    &instance_frozen::InstanceFrozen,
    &instance_stopped::InstanceStopped,
];
