//! What can go wrong, one story in each file.

mod all_lost;
mod attack;
mod cluster_failover;
mod forged_tickets;
mod instance_killed;
mod key_rotation;
mod old_replica;
mod redis_emptied;
mod redis_hangs;
mod redis_killed;
mod sentinel_failover;
mod wrong_clocks;

pub use crate::play::Scenario;
use crate::room::stage::Stage;

/// All, in the order in which they are played.
pub const ALL: &[&dyn Scenario<Stage>] = &[
    &redis_killed::RedisKilled,
    &redis_emptied::RedisEmptied,
    &all_lost::AllLost,
    &old_replica::OldReplica,
    &sentinel_failover::SentinelFailover,
    &cluster_failover::ClusterFailover,
    &redis_hangs::RedisHangs,
    &instance_killed::InstanceKilled,
    &key_rotation::KeyRotation,
    &wrong_clocks::WrongClocks,
    &forged_tickets::ForgedTickets,
    &attack::SMALL,
    &attack::WHOLE,
];
