//! A Redis Cluster of three masters with a replica each.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{RedisServer, RedisSetup};
use crate::eventually::holds_within;

const MASTERS: usize = 3;
const NODES: usize = 2 * MASTERS;
/// First and last slot of each master.
const SLOTS: [(u16, u16); MASTERS] = [(0, 5_460), (5_461, 10_922), (10_923, 16_383)];
const TOGETHER_LIMIT: Duration = Duration::from_mins(1);

/// A Redis Cluster of three masters with a replica each. A master that is away for three seconds is replaced
/// by its replica within a few more; the others go on meanwhile.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts it and returns when every node knows that it is complete.
    pub async fn start() -> Result<Self> {
        Self::start_with(RedisSetup::default()).await
    }

    /// The same with nodes that are set up like this.
    pub async fn start_with(mut setup: RedisSetup) -> Result<Self> {
        setup.is_cluster_node = true;
        setup.lines.extend(
            [
                // Longer than a busy disk stalls a sound node.
                "cluster-node-timeout 3000",
                "cluster-require-full-coverage no",
                "cluster-replica-validity-factor 0",
            ]
            .map(ToOwned::to_owned),
        );
        tokio::task::spawn_blocking(move || Self::start_blocking(&setup)).await?
    }

    fn start_blocking(setup: &RedisSetup) -> Result<Self> {
        let start = |_| RedisServer::start_with_blocking(setup.clone());
        let nodes: Vec<RedisServer> = (0..NODES).map(start).collect::<Result<_>>()?;
        for (epoch, node) in nodes.iter().enumerate() {
            node.ask(&format!("CLUSTER SET-CONFIG-EPOCH {}", epoch + 1))?;
            // The port for clients, and that of the other nodes.
            let port = nodes[0].port();
            node.ask(&format!("CLUSTER MEET 127.0.0.1 {port} {}", port + 1))?;
        }
        for (node, (first, last)) in nodes.iter().zip(SLOTS) {
            node.ask(&format!("CLUSTER ADDSLOTSRANGE {first} {last}"))?;
        }
        let cluster = Self { nodes };
        cluster.wait("the nodes do not meet", |info| {
            info.contains(&format!("cluster_known_nodes:{NODES}\r\n"))
                && info.contains("cluster_state:ok\r\n")
        })?;
        for index in 0..MASTERS {
            let id = cluster.nodes[index].ask("CLUSTER MYID")?;
            let id = id.lines().nth(1).context("a node without an id")?;
            cluster.nodes[MASTERS + index].ask(&format!("CLUSTER REPLICATE {id}"))?;
        }
        let is_replicated = || {
            cluster.nodes[..MASTERS].iter().all(|master| {
                master.ask("INFO replication").is_ok_and(|info| info.contains("state=online"))
            }) && cluster.nodes.iter().all(|node| {
                node.ask("CLUSTER NODES")
                    .is_ok_and(|nodes| nodes.matches("slave ").count() == MASTERS)
            })
        };
        ensure!(holds_within(TOGETHER_LIMIT, is_replicated), "the replicas do not come up");
        Ok(cluster)
    }

    fn wait(&self, otherwise: &str, is_so: impl Fn(&str) -> bool) -> Result<()> {
        let all = || {
            self.nodes.iter().all(|node| node.ask("CLUSTER INFO").is_ok_and(|info| is_so(&info)))
        };
        ensure!(holds_within(TOGETHER_LIMIT, all), "{otherwise}");
        Ok(())
    }

    /// `redis+cluster://127.0.0.1:<port>,…`, or `rediss+cluster://…` with the authority; it names all nodes.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        let hosts = hosts.join(",");
        match &self.nodes[0].0.kind().setup.authority {
            Some(authority) => {
                format!("rediss+cluster://{hosts}?ca={}", authority.path().display())
            }
            None => format!("redis+cluster://{hosts}"),
        }
    }

    /// The nodes: three masters, then the replica of each.
    #[must_use]
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// A name (letters and digits) whose slot the master `index` (0 to 2) has at the beginning. Put in
    /// braces, it takes a whole key there.
    pub fn name_at(&self, index: usize) -> Result<String> {
        let (first, last) = SLOTS[index];
        for number in 0..1_000 {
            let name = format!("room{number}");
            let slot = self.nodes[0].ask(&format!("CLUSTER KEYSLOT {name}"))?;
            let slot: u16 = slot
                .lines()
                .next()
                .and_then(|line| line.strip_prefix(':')?.parse().ok())
                .context("a slot is a number")?;
            if (first..=last).contains(&slot) {
                return Ok(name);
            }
        }
        anyhow::bail!("no name of a thousand lies between the slots {first} and {last}")
    }
}
