use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::booking::database;
use crate::booking::stage::{Opening, Stage};

/// P19: a letter that was taken, and of which nobody could note it, comes again as the same letter, and no other
/// letter comes twice.
///
/// The mail server takes a letter and hesitates to say so. Then nothing arrives any more of what the worker sends
/// to PostgreSQL, the mail server says that it has taken the letter, and when the worker tries to note that it is
/// killed. The five minutes for which it had borrowed its letters are not waited for: the database is told that
/// they are over.
pub struct WorkerKilled;

#[async_trait]
impl Scenario<Stage> for WorkerKilled {
    fn name(&self) -> &'static str {
        "worker-killed"
    }

    fn about(&self) -> &'static str {
        "three times the worker is killed after the mail server's 250 and before that is in the database"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open_post(&[None]).await?;
        stage.open(Opening { instances: 2, places: 200, passes: 150 }).await?;
        for _ in 0..3 {
            stage.crowd()?.come(40, 1.5)?;
            stage.until_answered(10).await?;
            let letter = stage.post()?.kill_between().await?;
            stage.course.notes.push(format!("killed over {letter}"));
            stage.course.cut_off.push(letter);
            database::end_leases(stage.database_url()?).await?;
            stage.post()?.start_again(0).await?;
            let taken = stage.post()?.taken()?.len();
            stage.post()?.until_taken(taken + 10).await?;
        }
        stage.until_all_are_through().await
    }
}
