use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::booking::stage::{DRAIN_MS, Opening, Stage};
use crate::clock::now;

/// P16: an instance that is told to end loses nothing that it has accepted.
pub struct InstanceStopped;

#[async_trait]
impl Scenario<Stage> for InstanceStopped {
    fn name(&self) -> &'static str {
        "instance-stopped"
    }

    fn about(&self) -> &'static str {
        "each of two instances in turn gets SIGTERM while people book, ends, and is started again"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open(Opening { instances: 2, places: 500, passes: 800 }).await?;
        for index in 0..2 {
            stage.crowd()?.come(400, 3.0)?;
            stage.until_answered(50).await?;
            let stopped = now();
            stage.course.stops.push((index, stopped));
            stage.instances[index].stop().await?;
            stage.instances[index].start()?;
            stage.instances[index].until_ready(&stage.client).await?;
            // Until it has drained it answers like any other.
            stage.instance_is_back(index, stopped + DRAIN_MS);
            stage.fault_is_over();
        }
        stage.until_all_are_through().await
    }
}
