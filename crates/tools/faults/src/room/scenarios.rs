//! What can go wrong, one story in each file.

mod all_lost;
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

use anyhow::Result;
use async_trait::async_trait;

use crate::stage::Stage;

/// A story: it opens the stage, breaks something, repairs it, and waits until things go on.
#[async_trait]
pub trait Scenario: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What goes wrong, in one sentence.
    fn about(&self) -> &'static str;

    /// Plays it.
    async fn play(&self, stage: &mut Stage) -> Result<()>;
}

/// All, in the order in which they are played.
pub const ALL: &[&dyn Scenario] = &[
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
];
