//! What can go wrong, one story in each file.

mod clients_reset;
mod database_killed;
mod database_silent;
mod database_stopped;
mod disk_full;
mod hold_expires;
mod instance_frozen;
mod instance_stopped;
mod mail_server_hangs;
mod network_silent;
mod offer_expires;
mod offer_once;
mod one_pass;
mod replies_lost;
mod two_workers;
mod worker_clocks;
mod worker_killed;
mod wrong_key;

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
    &offer_once::OfferOnce,
    &offer_expires::OfferExpires,
    &worker_killed::WorkerKilled,
    &two_workers::TwoWorkers,
    &worker_clocks::WorkerClocks,
    &mail_server_hangs::MailServerHangs,
    &wrong_key::WrongKey,
];
