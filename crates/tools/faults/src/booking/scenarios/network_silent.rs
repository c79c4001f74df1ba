use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};
use crate::clock::pause;
use crate::proxy::Traffic;

/// P14: a network that swallows everything is noticed, and nobody waits for it.
pub struct NetworkSilent;

const SILENCE: Duration = Duration::from_secs(15);

#[async_trait]
impl Scenario<Stage> for NetworkSilent {
    fn name(&self) -> &'static str {
        "network-silent"
    }

    fn about(&self) -> &'static str {
        "for 15 seconds the network swallows what goes to PostgreSQL and what comes from it"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open(Opening { instances: 2, places: 300, passes: 500 }).await?;
        stage.crowd()?.come(100, 1.0)?;
        stage.until_answered(20).await?;
        stage.network()?.set(Traffic::Vanishes);
        stage.crowd()?.come(300, 4.0)?;
        pause(SILENCE).await;
        stage.network()?.set(Traffic::Flows);
        stage.fault_is_over();
        stage.crowd()?.come(100, 2.0)?;
        stage.until_all_are_through().await
    }
}
