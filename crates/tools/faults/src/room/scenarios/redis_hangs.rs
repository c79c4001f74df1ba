use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::clock::{Span, now, pause};
use crate::room::stage::{Opening, Stage};
use test_support::RedisServer;

/// P13, P14: a Redis that takes requests and answers none is noticed, and nobody waits for it.
pub struct RedisHangs;

/// Many trips, one after the other, each of which would take its whole deadline.
const SMALL_BATCHES: &str = "join_batch_max = 20";

#[async_trait]
impl Scenario<Stage> for RedisHangs {
    fn name(&self) -> &'static str {
        "redis-hangs"
    }

    fn about(&self) -> &'static str {
        "Redis is stopped for ten seconds while hundreds join, and goes on"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let redis = RedisServer::start().await?;
        let store_url = redis.url();
        let opening =
            Opening { store_url: &store_url, settings: SMALL_BATCHES, ..Opening::default() };
        stage.open(opening).await?;
        stage.until_called(20).await?;
        let stopped = now();
        let frozen = redis.freeze()?;
        stage.come(400, 1.0)?;
        pause(Duration::from_secs(10)).await;
        drop(frozen);
        stage.course.slow.push(Span::since(stopped, 0));
        stage.store_is_back(stopped, 0)?;
        stage.until_calls_go_on(30).await?;
        Ok(())
    }
}
