//! Whether Redis is set up so that it keeps what it acknowledged: every master of it.

use std::collections::HashMap;

use futures_util::future::join_all;
use redis::{Cmd, ErrorKind, FromRedisValue, InfoDict, ServerErrorKind};

use crate::failure::RedisFailure;
use crate::topology::{Connections, Node};

/// What must be set, and what happens otherwise.
const DURABLE: [(&str, &str, &str); 3] = [
    ("appendonly", "yes", "a restart would forget every room"),
    ("appendfsync", "always", "a crash could forget entries and redemptions already acknowledged"),
    ("maxmemory-policy", "noeviction", "short of memory it would forget rooms"),
];
/// The same where a replica can take over.
const REPLICAS: &str = "min-replicas-to-write";
/// In seconds; 0 means that no lag counts.
const LAG: &str = "min-replicas-max-lag";
const LAG_MAX_S: u32 = 10;
const FULL_COVERAGE: &str = "cluster-require-full-coverage";
/// After so many milliseconds without the majority, a master of a Cluster takes no more writes. That bounds
/// what a failover can lose as `min-replicas-max-lag` does elsewhere, and a master whose only replica has just
/// taken over for another one need not refuse every write.
const NODE_TIMEOUT: &str = "cluster-node-timeout";
const NODE_TIMEOUT_MAX_MS: u32 = 15_000;
const CLUSTER_SLOTS: &str = "16384";
/// `INFO` and `CONFIG GET` with several names, and scripts that are replicated by their effects.
const VERSION_MIN: u32 = 7;

impl Connections {
    /// What is wrong with this Redis, server by server, and how to mend it; empty if nothing is. A master of
    /// a Cluster that is away at the moment is left out, unless all are: it must not keep the rooms of the
    /// others shut.
    ///
    /// Takes at most two deadlines, whatever the number of servers.
    pub async fn faults(&self, require_durable: bool) -> Result<Vec<String>, RedisFailure> {
        on_every_master(self, Check::All { require_durable }).await
    }

    /// The part of [`Self::faults`] that somebody may change while Redis runs: whether it keeps what it
    /// acknowledges. Two commands for each master.
    pub async fn durability_faults(&self) -> Result<Vec<String>, RedisFailure> {
        on_every_master(self, Check::Durability).await
    }
}

#[derive(Clone, Copy)]
enum Check {
    All { require_durable: bool },
    Durability,
}

async fn on_every_master(
    connections: &Connections,
    check: Check,
) -> Result<Vec<String>, RedisFailure> {
    let masters = connections.masters().await?;
    let checks = masters.iter().map(|node| Server { node, connections }.check(check));
    let (mut faults, mut is_reached, mut failure) = (Vec::new(), false, RedisFailure::NoCluster);
    for (node, found) in masters.iter().zip(join_all(checks).await) {
        match found {
            Ok(found) => {
                is_reached = true;
                let name = node.name();
                faults.extend(found.into_iter().map(|fault| format!("redis at {name}: {fault}")));
            }
            Err(away) => {
                let error: &dyn std::error::Error = &away;
                tracing::warn!(server = node.name(), error, "redis was not checked");
                failure = away;
            }
        }
    }
    if is_reached { Ok(faults) } else { Err(failure) }
}

/// A server that is being checked.
struct Server<'a> {
    node: &'a Node,
    connections: &'a Connections,
}

impl Server<'_> {
    async fn check(self, check: Check) -> Result<Vec<String>, RedisFailure> {
        let limit = self.connections.trip_deadline();
        let checking = async {
            match check {
                Check::All { require_durable } => self.faults(require_durable).await,
                Check::Durability => {
                    let info: Option<InfoDict> = self.permitted(&redis::cmd("INFO")).await?;
                    self.durability_faults(info.as_ref()).await
                }
            }
        };
        tokio::time::timeout(limit, checking).await.unwrap_or(Err(RedisFailure::Deadline(limit)))
    }

    async fn faults(&self, require_durable: bool) -> Result<Vec<String>, RedisFailure> {
        let info: Option<InfoDict> = self.permitted(&redis::cmd("INFO")).await?;
        let mut faults = match &info {
            Some(info) => kind_faults(info, self.connections.is_cluster()),
            None if require_durable => vec![not_permitted("INFO")],
            None => Vec::new(),
        };
        if faults.is_empty() && self.connections.is_cluster() {
            let state: Option<String> = self.permitted(redis::cmd("CLUSTER").arg("INFO")).await?;
            faults.extend(state.iter().flat_map(|state| cluster_faults(state)));
        }
        if faults.is_empty() && require_durable {
            faults = self.durability_faults(info.as_ref()).await?;
        }
        Ok(faults)
    }

    async fn durability_faults(
        &self,
        info: Option<&InfoDict>,
    ) -> Result<Vec<String>, RedisFailure> {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(&DURABLE.map(|(setting, ..)| setting));
        command.arg(&[REPLICAS, LAG, FULL_COVERAGE, NODE_TIMEOUT]);
        let settings: Option<HashMap<String, String>> = self.permitted(&command).await?;
        let Some(settings) = settings else { return Ok(vec![not_permitted("CONFIG GET")]) };
        let replicas: u32 = info.and_then(|info| info.get("connected_slaves")).unwrap_or(0);
        let mut faults = durability_faults(&settings);
        if self.connections.is_cluster() {
            faults.extend(failover_faults_in_cluster(&settings));
        } else if replicas > 0 || self.connections.fails_over() {
            faults.extend(failover_faults(&settings));
        }
        Ok(faults)
    }

    /// The answer, or `None` if this user may not ask, or nobody may, as where somebody else runs Redis.
    async fn permitted<T: FromRedisValue>(&self, command: &Cmd) -> Result<Option<T>, RedisFailure> {
        match self.node.query(command, self.connections.trip_deadline()).await {
            Ok(answer) => Ok(Some(answer)),
            Err(RedisFailure::Command(error)) => match error.kind() {
                ErrorKind::Server(ServerErrorKind::NoPerm) => Ok(None),
                ErrorKind::Server(ServerErrorKind::ResponseError)
                    if error.to_string().contains("unknown command") =>
                {
                    Ok(None)
                }
                _ => Err(RedisFailure::Command(error)),
            },
            Err(failure) => Err(failure),
        }
    }
}

fn not_permitted(command: &str) -> String {
    format!(
        "{command} is not permitted, so it cannot be seen whether it keeps what it acknowledged: permit it \
         (ACL SETUSER … +info +config|get), or make sure of it yourself and set `redis_require_durable` to false"
    )
}

/// Version, role, and whether it is part of a Cluster.
fn kind_faults(info: &InfoDict, is_cluster: bool) -> Vec<String> {
    let field = |name: &str| info.get::<String>(name).unwrap_or_default();
    let mut faults: Vec<String> = version_fault(&field("redis_version")).into_iter().collect();
    if field("role") == "slave" {
        faults.push(
            "it is a replica, which takes no writes: name its master, or begin the address with \
             redis+sentinel:// or redis+cluster://"
                .to_owned(),
        );
    }
    match (field("cluster_enabled") == "1", is_cluster) {
        (true, false) => faults.push(
            "it is part of a Redis Cluster: begin the address with redis+cluster://".to_owned(),
        ),
        (false, true) => faults.push(
            "it is not part of a Redis Cluster: begin the address with redis:// or redis+sentinel://"
                .to_owned(),
        ),
        (true, true) | (false, false) => {}
    }
    faults
}

fn version_fault(version: &str) -> Option<String> {
    let major: u32 = version.split('.').next()?.parse().unwrap_or(0);
    (major < VERSION_MIN)
        .then(|| format!("it is version '{version}': install Redis {VERSION_MIN}.0 or later"))
}

/// What `CLUSTER INFO` shows.
fn cluster_faults(state: &str) -> Vec<String> {
    let field = |name: &str| {
        let value = state.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map_or("unknown", str::trim_end)
    };
    let mut faults = Vec::new();
    if field("cluster_state") != "ok" {
        faults.push(format!(
            "cluster_state is {}: `redis-cli --cluster check` says what is missing",
            field("cluster_state")
        ));
    }
    if field("cluster_slots_assigned") != CLUSTER_SLOTS {
        faults.push(format!(
            "{} of {CLUSTER_SLOTS} slots have a master: `redis-cli --cluster fix` assigns the others",
            field("cluster_slots_assigned")
        ));
    }
    faults
}

fn durability_faults(settings: &HashMap<String, String>) -> Vec<String> {
    DURABLE
        .into_iter()
        .filter_map(|(setting, wanted, otherwise)| {
            let actual = text(settings, setting);
            (actual != wanted).then(|| fault(setting, actual, wanted, otherwise))
        })
        .collect()
}

fn failover_faults(settings: &HashMap<String, String>) -> Vec<String> {
    let number = |setting| text(settings, setting).parse::<u32>().ok();
    let mut faults = Vec::new();
    if number(REPLICAS).is_none_or(|replicas| replicas == 0) {
        let otherwise = "a master cut off from its replicas would go on acknowledging what the next master \
                         does not have";
        faults.push(fault(REPLICAS, text(settings, REPLICAS), "1", otherwise));
    }
    if number(LAG).is_none_or(|lag| !(1..=LAG_MAX_S).contains(&lag)) {
        let otherwise = "it would count replicas that are far behind";
        faults.push(fault(LAG, text(settings, LAG), &LAG_MAX_S.to_string(), otherwise));
    }
    faults
}

fn failover_faults_in_cluster(settings: &HashMap<String, String>) -> Vec<String> {
    let mut faults = Vec::new();
    let timeout = text(settings, NODE_TIMEOUT);
    if timeout.parse::<u32>().map_or(true, |ms| ms > NODE_TIMEOUT_MAX_MS) {
        let otherwise = "for that many milliseconds a master cut off from the others would go on acknowledging \
                         what the next master does not have";
        faults.push(fault(NODE_TIMEOUT, timeout, &NODE_TIMEOUT_MAX_MS.to_string(), otherwise));
    }
    let coverage = text(settings, FULL_COVERAGE);
    if coverage != "no" {
        let otherwise = "one master that fails would shut the rooms of all others";
        faults.push(fault(FULL_COVERAGE, coverage, "no", otherwise));
    }
    faults
}

fn text<'a>(settings: &'a HashMap<String, String>, setting: &str) -> &'a str {
    settings.get(setting).map_or("unknown", String::as_str)
}

fn fault(setting: &str, actual: &str, wanted: &str, otherwise: &str) -> String {
    format!(
        "{setting} is {actual}, and {otherwise}: set '{setting} {wanted}' in redis.conf, or now with CONFIG SET \
         {setting} {wanted}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings<const N: usize>(settings: [(&str, &str); N]) -> HashMap<String, String> {
        settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn debian_s_defaults_have_two_faults_and_more_where_there_are_replicas() {
        let debian = settings([
            ("appendonly", "no"),
            ("appendfsync", "everysec"),
            ("maxmemory-policy", "noeviction"),
            (REPLICAS, "0"),
            (LAG, "10"),
            (FULL_COVERAGE, "yes"),
            (NODE_TIMEOUT, "15000"),
        ]);
        let faults = durability_faults(&debian);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(
            faults[0].starts_with("appendonly is no, and a restart would forget"),
            "{faults:?}"
        );
        assert!(faults[1].ends_with("CONFIG SET appendfsync always"), "{faults:?}");
        let faults = failover_faults(&debian);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].ends_with("CONFIG SET min-replicas-to-write 1"), "{faults:?}");
        let faults = failover_faults_in_cluster(&debian);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("cluster-require-full-coverage is yes"), "{faults:?}");
    }

    #[test]
    fn a_lag_that_never_counts_is_a_fault() {
        for (lag, is_fault) in [("0", true), ("1", false), ("10", false), ("11", true)] {
            let settings = settings([(REPLICAS, "1"), (LAG, lag)]);
            assert_eq!(failover_faults(&settings).len(), usize::from(is_fault), "{lag}");
        }
        for faults in [failover_faults, failover_faults_in_cluster] {
            assert_eq!(faults(&HashMap::new()).len(), 2, "unknown is no good");
        }
    }

    #[test]
    fn old_versions_are_named() {
        for (version, is_old) in [("7.0.15", false), ("8.2.1", false), ("6.2.14", true), ("", true)]
        {
            assert_eq!(version_fault(version).is_some(), is_old, "{version}");
        }
    }

    #[test]
    fn the_wrong_kind_of_server_is_named() {
        let info = |lines: &str| InfoDict::new(&format!("redis_version:7.0.15\r\n{lines}"));
        for (lines, is_cluster, named) in [
            ("role:master\r\ncluster_enabled:0", false, None),
            ("role:slave\r\ncluster_enabled:0", false, Some("it is a replica")),
            ("role:master\r\ncluster_enabled:1", false, Some("it is part of a Redis Cluster")),
            ("role:master\r\ncluster_enabled:0", true, Some("it is not part of a Redis Cluster")),
            ("role:master\r\ncluster_enabled:1", true, None),
        ] {
            let faults = kind_faults(&info(lines), is_cluster);
            assert_eq!(faults.len(), usize::from(named.is_some()), "{lines}: {faults:?}");
            assert!(faults.iter().all(|fault| named.is_some_and(|named| fault.starts_with(named))));
        }
    }

    #[test]
    fn a_cluster_with_gaps_is_named() {
        let whole = "cluster_state:ok\r\ncluster_slots_assigned:16384\r\n";
        assert!(cluster_faults(whole).is_empty());
        let faults = cluster_faults("cluster_state:fail\r\ncluster_slots_assigned:16383\r\n");
        assert!(faults[0].starts_with("cluster_state is fail"), "{faults:?}");
        assert!(faults[1].starts_with("16383 of 16384 slots"), "{faults:?}");
    }
}
