//! One server and its pool of connections: what every topology is made of.

use std::collections::HashSet;
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, Pool, QueueMode, RecycleResult, Timeouts};
use deadpool_redis::Runtime;
use redis::aio::MultiplexedConnection;
use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, ServerErrorKind, Value,
};

use super::address::HostPort;
use super::config::RedisConfig;
use super::dial::Dialer;
use super::request::Request;
use crate::failure::{RedisFailure, spoils_connection};

/// A connection that answered less than this ago is used again without asking whether it still lives: under
/// load that question would be two commands for each trip.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// One server.
pub(crate) struct Node {
    name: String,
    pool: Pool<Recycled>,
}

impl Node {
    /// Connects to nothing yet. Without a server, it is the one that the address alone names.
    pub(super) fn new(
        dialer: &Dialer,
        server: Option<&HostPort>,
        config: &RedisConfig,
    ) -> RedisResult<Self> {
        let info = dialer.info(server)?;
        let name = info.addr().to_string();
        let manager = deadpool_redis::Manager::new_with_config(info, dialer.limits())?;
        let timeouts = Timeouts {
            wait: Some(config.wait_timeout),
            create: Some(config.connect_timeout),
            recycle: Some(config.recycle_timeout),
        };
        // The one used last first: it is the one that need not be asked whether it still lives.
        let pool = Pool::builder(Recycled(manager))
            .max_size(config.pool_size.max(1))
            .timeouts(timeouts)
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build();
        let pool = pool.unwrap_or_else(|_| unreachable!("building fails without a runtime only"));
        Ok(Self { name, pool })
    }

    /// The host and port, or the socket.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Sends a command, within the time that `limit` leaves.
    pub(crate) async fn query<T: FromRedisValue>(
        &self,
        command: &Cmd,
        limit: Duration,
    ) -> Result<T, RedisFailure> {
        let requests = [&Request::command(command)];
        let trip = self.exchange(&requests, Asking::No);
        let answers = tokio::time::timeout(limit, trip)
            .await
            .map_err(|_| RedisFailure::Deadline(limit))??;
        let answer = answers.into_iter().next().ok_or_else(|| RedisFailure::answers_missing(1))?;
        let value = answer.map_err(RedisFailure::Command)?;
        Ok(redis::from_redis_value(value)?)
    }

    /// Sends the requests at once over one connection; gives one answer for each, in their order. A script
    /// that the server does not have is loaded, and its calls are sent again.
    pub(super) async fn exchange(
        &self,
        requests: &[&Request<'_>],
        asking: Asking,
    ) -> Result<Vec<RedisResult<Value>>, RedisFailure> {
        let mut lease = self.lease().await?;
        let mut answers = lease.send(requests.iter().copied(), asking).await?;
        let lacking: Vec<usize> = (0..requests.len())
            .filter(|index| requests[*index].script.is_some() && lacks_script(&answers[*index]))
            .collect();
        if !lacking.is_empty() {
            let calls = || lacking.iter().map(|index| requests[*index]);
            lease.load_scripts(calls()).await?;
            let repeated = lease.send(calls(), asking).await?;
            for (index, answer) in lacking.iter().zip(repeated) {
                answers[*index] = answer;
            }
        }
        if !answers.iter().any(|answer| answer.as_ref().is_err_and(spoils_connection)) {
            lease.end();
        }
        Ok(answers)
    }

    async fn lease(&self) -> Result<Lease<'_>, RedisFailure> {
        let connection =
            self.pool.get().await.map_err(|error| RedisFailure::of_pool(&self.name, error))?;
        Ok(Lease { connection: Some(connection), pool: &self.pool })
    }
}

/// Whether requests are for a slot that is about to move here, which has to be said before each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asking {
    Yes,
    No,
}

fn lacks_script(answer: &RedisResult<Value>) -> bool {
    let is_unknown =
        |error: &RedisError| error.kind() == ErrorKind::Server(ServerErrorKind::NoScript);
    answer.as_ref().is_err_and(is_unknown)
}

/// The manager of `deadpool-redis`, which makes and checks the connections, but checks none that is in use
/// all the time.
struct Recycled(deadpool_redis::Manager);

impl managed::Manager for Recycled {
    type Type = MultiplexedConnection;
    type Error = RedisError;

    async fn create(&self) -> RedisResult<MultiplexedConnection> {
        self.0.create().await
    }

    async fn recycle(
        &self,
        connection: &mut MultiplexedConnection,
        metrics: &Metrics,
    ) -> RecycleResult<RedisError> {
        if metrics.last_used() < TRUSTED_FOR {
            return Ok(());
        }
        self.0.recycle(connection, metrics).await
    }
}

/// A connection on a trip. It returns to the pool only after answers that show it is sound. Dropped before, by
/// a failure or the deadline, it is closed together with those that lie idle: what has happened to one has
/// most likely happened to all, and each would cost a trip of its own to find out.
struct Lease<'a> {
    connection: Option<Object<Recycled>>,
    pool: &'a Pool<Recycled>,
}

impl Lease<'_> {
    fn connection(&mut self) -> &mut MultiplexedConnection {
        self.connection.as_mut().expect("a lease holds its connection until it ends")
    }

    async fn send<'r>(
        &mut self,
        requests: impl ExactSizeIterator<Item = &'r Request<'r>>,
        asking: Asking,
    ) -> Result<Vec<RedisResult<Value>>, RedisFailure> {
        let expected = requests.len();
        let mut commands = Pipeline::with_capacity(2 * expected);
        for request in requests {
            if asking == Asking::Yes {
                commands.cmd("ASKING").ignore();
            }
            commands.add_command(request.command.as_ref().clone());
        }
        let answers: Vec<RedisResult<Value>> = commands
            .ignore_errors()
            .query_async(self.connection())
            .await
            .map_err(RedisFailure::Command)?;
        if answers.len() == expected {
            Ok(answers)
        } else {
            Err(RedisFailure::answers_missing(expected))
        }
    }

    /// Loads each script once, however many of the calls are its.
    async fn load_scripts<'r>(
        &mut self,
        calls: impl Iterator<Item = &'r Request<'r>>,
    ) -> Result<(), RedisFailure> {
        let mut loaded = HashSet::new();
        for call in calls {
            if let Some(script) = call.script
                && loaded.insert(call.script_hash())
            {
                script.load_async(self.connection()).await.map_err(RedisFailure::Command)?;
            }
        }
        Ok(())
    }

    fn end(mut self) {
        drop(self.connection.take());
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            tracing::debug!("closing the connections to redis after one has failed or timed out");
            drop(Object::take(connection));
            self.pool.retain(|_, _| false);
        }
    }
}
