use anyhow::Result;
use async_trait::async_trait;
use rand::Rng as _;

use super::Scenario;
use crate::clock::now;
use crate::room::stage::{Opening, Stage};
use test_support::RedisServer;

/// P8, P10, P12: no instance is needed, and one that comes back knows what the others know.
pub struct InstanceKilled;

#[async_trait]
impl Scenario<Stage> for InstanceKilled {
    fn name(&self) -> &'static str {
        "instance-killed"
    }

    fn about(&self) -> &'static str {
        "one of three instances is killed while people join and take passes, and is started again"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let redis = RedisServer::start().await?;
        let store_url = redis.url();
        stage.open(Opening { store_url: &store_url, instances: 3, ..Opening::default() }).await?;
        stage.until_called(20).await?;
        for _ in 0..2 {
            stage.come(60, 3.0)?;
            stage.go_on(0.3..1.5).await;
            let index = stage.rng.random_range(0..stage.instances.len());
            let killed = now();
            stage.instances[index].kill9()?;
            stage.fault_is_over(0)?;
            stage.until_calls_go_on(10).await?;
            stage.instances[index].start()?;
            stage.instances[index].until_ready(&stage.client).await?;
            stage.instance_is_back(index, killed);
            stage.until_called(10).await?;
        }
        Ok(())
    }
}
