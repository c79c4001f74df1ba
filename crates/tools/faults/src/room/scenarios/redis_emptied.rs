use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::clock::now;
use crate::room::redis;
use crate::room::stage::{Opening, QUIET_MS, Stage};
use test_support::RedisServer;

/// P8, P10, P12, P18: what Redis has forgotten the instances remember.
pub struct RedisEmptied;

#[async_trait]
impl Scenario<Stage> for RedisEmptied {
    fn name(&self) -> &'static str {
        "redis-emptied"
    }

    fn about(&self) -> &'static str {
        "Redis loses everything while the instances live: first by FLUSHALL, then with its disk"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let redis = RedisServer::start().await?;
        let store_url = redis.url();
        stage.open(Opening { store_url: &store_url, ..Opening::default() }).await?;
        stage.until_called(20).await?;
        for by_disk in [false, true] {
            stage.come(60, 4.0)?;
            stage.go_on(0.2..1.0).await;
            let emptied = now();
            if by_disk {
                redis::restart_empty(&redis).await?;
            } else {
                redis::ask(&redis, "FLUSHALL")?;
            }
            stage.course.forgot.push(emptied);
            stage.store_is_back(emptied, QUIET_MS)?;
            stage.until_calls_go_on(20).await?;
        }
        Ok(())
    }
}
