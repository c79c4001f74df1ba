use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};
use crate::clock::pause;

/// P1–P5: what was committed before a power cut is there after it, and what was not has not happened.
pub struct DatabaseKilled;

const PASSES: usize = 2_400;

#[async_trait]
impl Scenario<Stage> for DatabaseKilled {
    fn name(&self) -> &'static str {
        "database-killed"
    }

    fn about(&self) -> &'static str {
        "PostgreSQL is killed three times in a burst of bookings on too few places"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open(Opening { instances: 2, places: 1_200, passes: PASSES }).await?;
        let postgres = stage.postgres()?;
        for _ in 0..3 {
            stage.crowd()?.come(PASSES / 4, 2.0)?;
            stage.until_answered(50).await?;
            pause(stage.some_seconds(0.0..0.5)).await;
            postgres.kill9()?;
            pause(stage.some_seconds(0.0..1.5)).await;
            postgres.restart().await?;
            stage.fault_is_over();
            stage.until_answered(50).await?;
        }
        stage.crowd()?.come(PASSES / 4, 2.0)?;
        stage.until_all_are_through().await
    }
}
