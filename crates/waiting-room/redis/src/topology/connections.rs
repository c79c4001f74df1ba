//! One interface for all topologies.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Pipeline, ScriptInvocation, Value};

use super::address::RedisAddress;
use super::cluster::Cluster;
use super::config::{RedisConfig, SetupError};
use super::dial::Dialer;
use super::node::{Asking, Node};
use super::request::Request;
use super::sentinel::Sentinel;
use crate::failure::{Outcome, RedisFailure};

/// The connections to Redis. Each trip uses one, in a Cluster one for each master that it concerns.
pub struct Connections {
    topology: Topology,
    trip_deadline: Duration,
}

enum Topology {
    Single(Arc<Node>),
    Sentinel(Box<Sentinel>),
    Cluster(Arc<Cluster>),
}

impl Connections {
    /// Connects to nothing yet. Fails if the certificate authority cannot be used.
    pub fn new(config: &RedisConfig) -> Result<Self, SetupError> {
        let dialer = Dialer::new(config)?;
        let single = |server| Node::new(&dialer, server, config).map_err(SetupError::Client);
        let topology = match &config.address {
            RedisAddress::Single { server, .. } => {
                Topology::Single(Arc::new(single(Some(server))?))
            }
            RedisAddress::Socket { .. } => Topology::Single(Arc::new(single(None)?)),
            RedisAddress::Sentinel { sentinels, master, sentinel_login, .. } => {
                let login = sentinel_login.as_ref();
                let sentinel = Sentinel::new(sentinels, master, login, dialer, config);
                Topology::Sentinel(Box::new(sentinel))
            }
            RedisAddress::Cluster { nodes, .. } => {
                Topology::Cluster(Arc::new(Cluster::new(nodes, dialer, config)))
            }
        };
        Ok(Self { topology, trip_deadline: config.trip_deadline })
    }

    /// Runs a script, loading it into Redis if need be. Its keys share a slot.
    pub async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, RedisFailure> {
        self.one(Request::script(script)).await
    }

    /// Runs many scripts in one round trip per server; gives one answer for each, in their order. One that
    /// fails does not spoil the others. The call returns when the slowest server has answered, at the latest
    /// after the deadline; whoever does not want to wait for a server that is away runs the groups of
    /// [`Self::by_server`] side by side.
    pub async fn run_many(
        &self,
        scripts: &[ScriptInvocation<'_>],
    ) -> Vec<Result<Value, RedisFailure>> {
        self.send(scripts.iter().map(Request::script).collect()).await
    }

    /// Sends a command. One without a key goes to any master.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisFailure> {
        self.one(Request::command(command)).await
    }

    /// Sends a command that is about a server, such as `TIME`, to the one that has `key`: in a Cluster, each
    /// master has a clock of its own.
    pub async fn query_beside<T: FromRedisValue>(
        &self,
        key: &str,
        command: &Cmd,
    ) -> Result<T, RedisFailure> {
        self.one(Request::beside(key, command)).await
    }

    /// Sends several commands at once, in one round trip per server, not as one transaction; gives all
    /// answers in their order (`ignore` is ignored), or the first failure.
    pub async fn query_all<T: FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> Result<T, RedisFailure> {
        let answers = self.send(commands.cmd_iter().map(Request::command).collect()).await;
        let answers = answers.into_iter().collect::<Result<_, _>>()?;
        Ok(redis::from_redis_value(Value::Array(answers))?)
    }

    /// Positions in `keys`, those together that one trip to one server can serve. Asks nobody, but in a
    /// Cluster that has not been reached before.
    pub async fn by_server(&self, keys: &[&[u8]]) -> Result<Vec<Vec<usize>>, RedisFailure> {
        match &self.topology {
            Topology::Single(_) | Topology::Sentinel(_) => Ok(vec![(0..keys.len()).collect()]),
            Topology::Cluster(cluster) => {
                let groups = tokio::time::timeout(self.trip_deadline, cluster.by_master(keys));
                groups.await.unwrap_or(Err(RedisFailure::Deadline(self.trip_deadline)))
            }
        }
    }

    /// Every server that takes writes.
    pub(crate) async fn masters(&self) -> Result<Vec<Arc<Node>>, RedisFailure> {
        let masters = async {
            match &self.topology {
                Topology::Single(node) => Ok(vec![Arc::clone(node)]),
                Topology::Sentinel(sentinel) => Ok(vec![sentinel.master().await?]),
                Topology::Cluster(cluster) => cluster.masters().await,
            }
        };
        tokio::time::timeout(self.trip_deadline, masters)
            .await
            .unwrap_or(Err(RedisFailure::Deadline(self.trip_deadline)))
    }

    /// Whether a master is replaced by one of its replicas when it fails.
    pub(crate) fn fails_over(&self) -> bool {
        match &self.topology {
            Topology::Single(_) => false,
            Topology::Sentinel(_) | Topology::Cluster(_) => true,
        }
    }

    /// Whether it is a Cluster that was addressed.
    pub(crate) fn is_cluster(&self) -> bool {
        matches!(self.topology, Topology::Cluster(_))
    }

    /// How long a trip may take.
    pub(crate) fn trip_deadline(&self) -> Duration {
        self.trip_deadline
    }

    async fn one<T: FromRedisValue>(&self, request: Request<'_>) -> Result<T, RedisFailure> {
        let answer = self.send(vec![request]).await.pop();
        let value = answer.unwrap_or_else(|| Err(RedisFailure::answers_missing(1)))?;
        Ok(redis::from_redis_value(value)?)
    }

    async fn send(&self, requests: Vec<Request<'_>>) -> Vec<Result<Value, RedisFailure>> {
        if requests.is_empty() {
            return Vec::new();
        }
        let all: Vec<&Request<'_>> = requests.iter().collect();
        let outcome = match &self.topology {
            Topology::Single(node) => {
                let trip =
                    tokio::time::timeout(self.trip_deadline, node.exchange(&all, Asking::No));
                trip.await.unwrap_or(Err(RedisFailure::Deadline(self.trip_deadline)))
            }
            Topology::Sentinel(sentinel) => sentinel.send(&all, self.trip_deadline).await,
            Topology::Cluster(cluster) => return cluster.send(&requests, self.trip_deadline).await,
        };
        each(requests.len(), outcome)
    }
}

/// Hands the outcome of one trip out to the requests that were on it.
fn each(requests: usize, outcome: Outcome) -> Vec<Result<Value, RedisFailure>> {
    match outcome {
        Ok(answers) => {
            answers.into_iter().map(|answer| answer.map_err(RedisFailure::Command)).collect()
        }
        Err(failure) => vec![Err(failure); requests],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(address: &str) -> Connections {
        let config = RedisConfig::new(address.parse().expect("an address"));
        Connections::new(&config).expect("nothing to read")
    }

    #[tokio::test]
    async fn nobody_there_is_a_failure_at_once() {
        for address in [
            "redis://127.0.0.1:1",
            "rediss://127.0.0.1:1",
            "redis+unix:///nowhere/redis.sock",
            "redis+sentinel://127.0.0.1:1,127.0.0.1:2/mymaster",
            "redis+cluster://127.0.0.1:1,127.0.0.1:2",
        ] {
            let connections = connections(address);
            let answer = connections.query::<String>(&redis::cmd("PING")).await;
            assert!(matches!(answer, Err(RedisFailure::Connect { .. })), "{address}: {answer:?}");
            let script = redis::Script::new("return 1");
            let many = connections.run_many(&[script.key("a"), script.key("b")]).await;
            assert_eq!(many.len(), 2);
            assert!(many.iter().all(Result::is_err), "{address}: {many:?}");
            assert!(connections.run_many(&[]).await.is_empty());
        }
    }
}
