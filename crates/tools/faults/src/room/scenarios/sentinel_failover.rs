use std::time::Duration;

use anyhow::{Result, bail};
use async_trait::async_trait;
use test_support::RedisSentinels;

use super::Scenario;
use crate::clock::{now, pause};
use crate::room::stage::{Opening, QUIET_MS, Stage};

/// P8, P10, P12, P18: a failover loses nothing that a citizen was told.
pub struct SentinelFailover;

#[async_trait]
impl Scenario<Stage> for SentinelFailover {
    fn name(&self) -> &'static str {
        "sentinel-failover"
    }

    fn about(&self) -> &'static str {
        "the master behind three Sentinels is killed, comes back as a replica, and so does the next"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let redis = RedisSentinels::start().await?;
        let store_url = redis.url();
        stage.open(Opening { store_url: &store_url, people: 400, ..Opening::default() }).await?;
        stage.until_called(20).await?;
        for _ in 0..2 {
            stage.come(60, 6.0)?;
            stage.go_on(0.5..1.5).await;
            let old = redis.master()?;
            let killed = now();
            old.kill9()?;
            until_another_is_master(&redis, old.port()).await?;
            // Its replicas may not have had the last admissions yet.
            stage.course.forgot.push(killed);
            stage.store_is_back(killed, QUIET_MS)?;
            old.restart().await?;
            stage.until_calls_go_on(20).await?;
        }
        Ok(())
    }
}

async fn until_another_is_master(redis: &RedisSentinels, old: u16) -> Result<()> {
    for _ in 0..1_000 {
        let is_new = |master: &&test_support::RedisServer| master.port() != old;
        if let Some(master) = redis.master().ok().filter(is_new)
            && master.info("role")?.as_deref() == Some("master")
        {
            return Ok(());
        }
        pause(Duration::from_millis(20)).await;
    }
    bail!("the Sentinels named no other master");
}
