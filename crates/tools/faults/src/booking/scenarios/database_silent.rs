use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};
use crate::clock::pause;

/// P14: a PostgreSQL that takes requests and answers none is noticed, and nobody waits for it.
pub struct DatabaseSilent;

const SILENCE: Duration = Duration::from_secs(15);

#[async_trait]
impl Scenario<Stage> for DatabaseSilent {
    fn name(&self) -> &'static str {
        "database-silent"
    }

    fn about(&self) -> &'static str {
        "PostgreSQL is stopped for 15 seconds while people book, and goes on"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open(Opening { instances: 2, places: 300, passes: 500 }).await?;
        stage.crowd()?.come(100, 1.0)?;
        stage.until_answered(20).await?;
        let frozen = stage.postgres()?.freeze()?;
        stage.crowd()?.come(300, 4.0)?;
        pause(SILENCE).await;
        drop(frozen);
        stage.fault_is_over();
        stage.crowd()?.come(100, 2.0)?;
        stage.until_all_are_through().await
    }
}
