use anyhow::Result;
use async_trait::async_trait;
use rand::Rng as _;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};
use crate::clock::{Span, now, pause};

/// P20: an instance that freezes, maybe with the campaign locked, stops no other.
pub struct InstanceFrozen;

#[async_trait]
impl Scenario<Stage> for InstanceFrozen {
    fn name(&self) -> &'static str {
        "instance-frozen"
    }

    fn about(&self) -> &'static str {
        "one of three instances is stopped for some ten seconds while people book, and goes on, twice"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open(Opening { instances: 3, places: 500, passes: 700 }).await?;
        for _ in 0..2 {
            stage.crowd()?.come(150, 1.0)?;
            stage.until_answered(20).await?;
            let index = stage.rng.random_range(0..stage.instances.len());
            let stopped = now();
            stage.instances[index].freeze()?;
            stage.crowd()?.come(150, 4.0)?;
            pause(stage.some_seconds(8.0..12.0)).await;
            stage.course.alone.push((index, Span::since(stopped, 0)));
            stage.instances[index].thaw()?;
            stage.instance_is_back(index, stopped);
            stage.fault_is_over();
            stage.until_answered(20).await?;
        }
        stage.crowd()?.come(100, 1.0)?;
        stage.until_all_are_through().await
    }
}
