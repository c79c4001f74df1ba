use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::room::stage::{Opening, Stage};
use test_support::RedisServer;

/// P11, P18: only the store's clock counts, so an instance with a wrong one harms nobody.
pub struct WrongClocks;

#[async_trait]
impl Scenario<Stage> for WrongClocks {
    fn name(&self) -> &'static str {
        "wrong-clocks"
    }

    fn about(&self) -> &'static str {
        "of three instances one starts an hour ahead and one an hour behind; then each is set by an hour or two"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let redis = RedisServer::start().await?;
        let store_url = redis.url();
        let opening = Opening {
            store_url: &store_url,
            instances: 3,
            clocks: &["+0h", "+1h", "-1h"],
            people: 350,
            ..Opening::default()
        };
        stage.open(opening).await?;
        stage.until_called(20).await?;
        for shifts in [["+1h", "+1h", "-1h"], ["+1h", "+1h", "+0h"], ["-1h", "+0h", "-1h"]] {
            for (instance, shift) in stage.instances.iter_mut().zip(shifts) {
                instance.set_clock(shift)?;
            }
            stage.fault_is_over(0)?;
            stage.come(30, 3.0)?;
            stage.until_calls_go_on(20).await?;
        }
        Ok(())
    }
}
