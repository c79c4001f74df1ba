use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use test_support::{RedisCluster, RedisServer};

use super::Scenario;
use crate::clock::{now, pause};
use crate::room::campaign::ROOM;
use crate::room::stage::{Opening, QUIET_MS, Stage};

/// P8, P10, P12, P18: the room outlives the node that keeps it.
pub struct ClusterFailover;

#[async_trait]
impl Scenario<Stage> for ClusterFailover {
    fn name(&self) -> &'static str {
        "cluster-failover"
    }

    fn about(&self) -> &'static str {
        "the master of the room is killed in a Cluster of six nodes, and its replica takes over"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let cluster = RedisCluster::start().await?;
        let store_url = cluster.url();
        stage.open(Opening { store_url: &store_url, people: 350, ..Opening::default() }).await?;
        stage.until_called(20).await?;
        stage.come(60, 6.0)?;
        stage.go_on(0.5..1.5).await;
        let master = master_of_the_room(&cluster)?;
        let killed = now();
        master.kill9()?;
        until_replaced(&cluster, master.port()).await?;
        // Its replica may not have had the last admissions yet.
        stage.course.forgot.push(killed);
        stage.store_is_back(killed, QUIET_MS)?;
        stage.until_calls_go_on(20).await?;
        master.restart().await?;
        stage.until_called(20).await?;
        Ok(())
    }
}

fn master_of_the_room(cluster: &RedisCluster) -> Result<&RedisServer> {
    let master = cluster.nodes().iter().find(|node| keeps_the_room(node).unwrap_or(false));
    master.context("no node keeps the room")
}

async fn until_replaced(cluster: &RedisCluster, killed: u16) -> Result<()> {
    for _ in 0..1_000 {
        let mut others = cluster.nodes().iter().filter(|node| node.port() != killed);
        if others.any(|node| keeps_the_room(node).unwrap_or(false)) {
            return Ok(());
        }
        pause(Duration::from_millis(20)).await;
    }
    bail!("no replica took over");
}

/// Whether the node is the master of the room's slot, by its own words.
fn keeps_the_room(node: &RedisServer) -> Result<bool> {
    let slot = node.ask(&format!("CLUSTER KEYSLOT {ROOM}"))?;
    let slot = slot.lines().next().and_then(|line| line.strip_prefix(':'));
    let slot: u16 = slot.context("a slot is a number")?.trim().parse()?;
    let nodes = node.ask("CLUSTER NODES")?;
    let itself = nodes.lines().find(|line| line.contains("myself,master"));
    let mut ranges = itself.into_iter().flat_map(|line| line.split_whitespace().skip(8));
    Ok(ranges.any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds = (first.parse::<u16>(), last.parse::<u16>());
        matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&slot))
    }))
}
