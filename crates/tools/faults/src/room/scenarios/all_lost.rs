use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::clock::{Span, now};
use crate::room::redis;
use crate::room::stage::{Opening, POLL_INTERVAL_MS, Stage};
use test_support::RedisServer;

/// P8, P12: what neither Redis nor any instance remembers the tickets prove.
pub struct AllLost;

#[async_trait]
impl Scenario<Stage> for AllLost {
    fn name(&self) -> &'static str {
        "all-lost"
    }

    fn about(&self) -> &'static str {
        "Redis loses everything, all instances are restarted, and the campaign is applied again"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let redis = RedisServer::start().await?;
        let store_url = redis.url();
        stage.open(Opening { store_url: &store_url, ..Opening::default() }).await?;
        stage.until_called(40).await?;
        // Who polls now has the draw in the ticket.
        stage.go_on(3.0..4.0).await;
        let lost = now();
        for instance in &mut stage.instances {
            instance.kill9()?;
        }
        redis::restart_empty(&redis).await?;
        for instance in &mut stage.instances {
            instance.start()?;
        }
        stage.go_on(0.0..1.0).await;
        stage.apply().await?;
        for index in 0..stage.instances.len() {
            stage.instances[index].until_ready(&stage.client).await?;
            stage.instance_is_back(index, lost);
        }
        stage.course.unknown.push(Span::since(lost, POLL_INTERVAL_MS));
        stage.course.forgot.push(lost);
        stage.fault_is_over(POLL_INTERVAL_MS)?;
        stage.come(60, 4.0)?;
        stage.until_calls_go_on(40).await?;
        stage.go_on(2.0..4.0).await;
        Ok(())
    }
}
