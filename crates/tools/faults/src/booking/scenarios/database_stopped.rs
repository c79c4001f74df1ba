use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};
use crate::clock::pause;

/// P1–P5: a server that is ended without a checkpoint loses nothing that was answered, and sees what it
/// was asked meanwhile refused, not lost.
pub struct DatabaseStopped;

const BURST: usize = 5_000;
const PLACES: u32 = 3_000;

#[async_trait]
impl Scenario<Stage> for DatabaseStopped {
    fn name(&self) -> &'static str {
        "database-stopped"
    }

    fn about(&self) -> &'static str {
        "PostgreSQL is stopped three times with -m immediate while 5,000 people come within six seconds"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open(Opening { instances: 2, places: PLACES, passes: BURST }).await?;
        let postgres = stage.postgres()?;
        stage.crowd()?.come(BURST, 6.0)?;
        for _ in 0..3 {
            stage.until_answered(300).await?;
            pause(stage.some_seconds(0.0..0.5)).await;
            postgres.stop_at_once().await?;
            pause(stage.some_seconds(0.0..1.5)).await;
            postgres.restart().await?;
            stage.fault_is_over();
        }
        stage.until_all_are_through().await
    }
}
