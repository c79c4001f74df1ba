use anyhow::{Result, bail};
use async_trait::async_trait;
use rand::Rng as _;
use std::time::Duration;

use super::Scenario;
use crate::clock::{now, pause};
use crate::proxy::Proxy;
use crate::room::redis;
use crate::room::stage::{Opening, QUIET_MS, Stage};
use test_support::RedisServer;

/// P8, P10, P12: a replica that knows less than its primary is raised to what the instances know.
pub struct OldReplica;

#[async_trait]
impl Scenario<Stage> for OldReplica {
    fn name(&self) -> &'static str {
        "old-replica"
    }

    fn about(&self) -> &'static str {
        "a replica that was held back, before the draw or after it, takes the place of its primary"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let (primary, replica) = (RedisServer::start().await?, RedisServer::start().await?);
        // Another one follows closely, so the primary has somebody to keep what it acknowledges. It is
        // lost together with the primary.
        let follower = RedisServer::start().await?;
        for behind in [&replica, &follower] {
            behind.replicate(&primary)?;
            until_in_sync(behind).await?;
        }
        redis::ask(&primary, "CONFIG SET min-replicas-to-write 1")?;
        // One address that leads to whichever is the primary, as behind a virtual address.
        let proxy = Proxy::start(primary.port()).await?;
        let store_url = proxy.url();
        stage.open(Opening { store_url: &store_url, ..Opening::default() }).await?;
        stage.crowd()?.until_joined(150, Duration::from_secs(20)).await?;
        let before_the_draw = stage.rng.random_bool(0.5);
        if !before_the_draw {
            stage.until_called(20).await?;
        }
        replica.hold_back()?;
        stage.course.notes.push(format!("held back before the draw: {before_the_draw}"));
        stage.come(60, 4.0)?;
        stage.until_called(30).await?;
        stage.go_on(2.0..4.0).await;
        let killed = now();
        primary.kill9()?;
        follower.kill9()?;
        stage.go_on(0.2..1.0).await;
        replica.promote()?;
        proxy.lead_to(replica.port());
        stage.course.forgot.push(killed);
        stage.store_is_back(killed, QUIET_MS)?;
        stage.come(60, 4.0)?;
        stage.until_calls_go_on(30).await?;
        Ok(())
    }
}

async fn until_in_sync(replica: &RedisServer) -> Result<()> {
    for _ in 0..500 {
        if replica.info("master_link_status")?.as_deref() == Some("up") {
            return Ok(());
        }
        pause(Duration::from_millis(20)).await;
    }
    bail!("the replica never followed its primary");
}
