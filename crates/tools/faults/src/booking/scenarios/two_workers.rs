use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};

/// P16, P19: two workers send every letter once, also where one of them is told to end in the middle of it.
pub struct TwoWorkers;

const WAITS: Duration = Duration::from_secs(20);

#[async_trait]
impl Scenario<Stage> for TwoWorkers {
    fn name(&self) -> &'static str {
        "two-workers"
    }

    fn about(&self) -> &'static str {
        "two workers send letters while people book and wait; each in turn gets SIGTERM, and is started again"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open_post(&[None, None]).await?;
        // Letters that a worker gives back as it ends count as tried.
        stage.course.mail_breaks = true;
        stage.open(Opening { instances: 2, places: 200, passes: 400 }).await?;
        stage.crowd()?.wait(40, 4.0, WAITS)?;
        for worker in 0..2 {
            let taken = stage.post()?.taken()?.len();
            stage.crowd()?.come(100, 2.0)?;
            stage.post()?.until_taken(taken + 20).await?;
            stage.post()?.workers[worker].process.stop().await?;
            stage.post()?.start_again(worker).await?;
        }
        stage.crowd()?.come(100, 2.0)?;
        stage.until_all_are_through().await
    }
}
