use anyhow::{Result, ensure};
use async_trait::async_trait;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};
use crate::proxy::Traffic;

/// P2, P3: a commit of which nobody heard has happened once, however often it is asked for again.
pub struct RepliesLost;

const PASSES: usize = 150;
const LOST_MIN: usize = 5;

#[async_trait]
impl Scenario<Stage> for RepliesLost {
    fn name(&self) -> &'static str {
        "replies-lost"
    }

    fn about(&self) -> &'static str {
        "every fourth commit arrives at PostgreSQL, and its reply is lost with the connection"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open(Opening { instances: 2, places: 100, passes: PASSES }).await?;
        stage.network()?.set(Traffic::LosesReplies { one_in: 4 });
        stage.crowd()?.come(PASSES, 5.0)?;
        stage.crowd()?.until_all_are_through().await?;
        stage.network()?.set(Traffic::Flows);
        stage.fault_is_over();
        let lost = stage.network()?.replies_lost();
        stage.course.notes.push(format!("{lost} commits without a reply"));
        ensure!(lost >= LOST_MIN, "only {lost} replies to commits were lost");
        stage.until_all_are_through().await
    }
}
