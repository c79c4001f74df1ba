//! The connections to Redis, and one trip over them: never longer than the deadline, and never over a
//! connection that has failed.

use std::time::Duration;

use deadpool_redis::{Connection, Manager, Pool, Runtime, Timeouts};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    AsyncConnectionConfig, Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisResult,
    ScriptInvocation,
};

use crate::failure::{RedisFailure, spoils_connection};

/// Where Redis is, and how long it may take.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port/[database]`, or `redis+unix:///path`.
    pub url: String,
    /// What every key begins with.
    pub key_prefix: String,
    /// Connections at most. A trip serves a whole batch, so few are enough.
    pub pool_size: usize,
    /// How long a trip may take, everything included.
    pub trip_deadline: Duration,
    /// How long a trip may wait for a connection to become free.
    pub wait_timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a connection may take to show that it still lives, before it is used again.
    pub recycle_timeout: Duration,
    /// How long the answer to one command may take.
    pub response_timeout: Duration,
    /// After how much silence the peer's kernel is asked whether it is still there.
    pub keep_alive: Duration,
    /// After what time without acknowledgement by the peer's kernel a connection is given up (Linux).
    pub user_timeout: Duration,
    /// Whether `ready` insists that Redis keeps what it acknowledged; off for throw-away set-ups only.
    pub require_durable: bool,
}

impl RedisConfig {
    /// The defaults for this Redis.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            key_prefix: "einlass".into(),
            pool_size: 8,
            trip_deadline: Duration::from_secs(2),
            wait_timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(1),
            recycle_timeout: Duration::from_millis(500),
            response_timeout: Duration::from_millis(1_500),
            keep_alive: Duration::from_secs(10),
            user_timeout: Duration::from_secs(5),
            require_durable: true,
        }
    }

    fn pool(&self) -> RedisResult<Pool> {
        let info = self.url.as_str().into_connection_info()?;
        let info = info.set_tcp_settings(self.tcp_settings());
        let connections = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(self.response_timeout));
        let manager = Manager::new_with_config(info, connections)?;
        let timeouts = Timeouts {
            wait: Some(self.wait_timeout),
            create: Some(self.connect_timeout),
            recycle: Some(self.recycle_timeout),
        };
        let pool = Pool::builder(manager)
            .max_size(self.pool_size.max(1))
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build();
        Ok(pool.unwrap_or_else(|_| unreachable!("building fails without a runtime only")))
    }

    fn tcp_settings(&self) -> TcpSettings {
        let probes = TcpKeepalive::new().with_time(self.keep_alive).with_interval(self.keep_alive);
        let settings = TcpSettings::default().set_nodelay(true).set_keepalive(probes);
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        let settings = settings.set_user_timeout(self.user_timeout);
        settings
    }
}

/// The connections to Redis.
pub(crate) struct Connections {
    pool: Pool,
    trip_deadline: Duration,
}

impl Connections {
    /// Connects to nothing yet.
    pub(crate) fn new(config: &RedisConfig) -> RedisResult<Self> {
        Ok(Self { pool: config.pool()?, trip_deadline: config.trip_deadline })
    }

    /// Runs a script, loading it into Redis if need be.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, RedisFailure> {
        self.within_deadline(async {
            let mut lease = self.lease().await?;
            let answer = script.invoke_async(lease.connection()).await;
            lease.end(answer)
        })
        .await
    }

    /// Sends a command.
    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisFailure> {
        self.within_deadline(async {
            let mut lease = self.lease().await?;
            let answer = command.query_async(lease.connection()).await;
            lease.end(answer)
        })
        .await
    }

    /// Sends several commands at once, not as one transaction.
    pub(crate) async fn query_all<T: FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> Result<T, RedisFailure> {
        self.within_deadline(async {
            let mut lease = self.lease().await?;
            let answer = commands.query_async(lease.connection()).await;
            lease.end(answer)
        })
        .await
    }

    async fn lease(&self) -> Result<Lease, RedisFailure> {
        let connection = self.pool.get().await.map_err(RedisFailure::Pool)?;
        Ok(Lease(Some(connection)))
    }

    async fn within_deadline<T>(
        &self,
        trip: impl Future<Output = Result<T, RedisFailure>>,
    ) -> Result<T, RedisFailure> {
        tokio::time::timeout(self.trip_deadline, trip)
            .await
            .unwrap_or(Err(RedisFailure::Deadline(self.trip_deadline)))
    }
}

/// A connection on a trip. It returns to the pool only after an answer that shows it is sound; dropped
/// before, by the deadline, it is closed, and the pool makes another when it needs one.
struct Lease(Option<Connection>);

impl Lease {
    fn connection(&mut self) -> &mut Connection {
        self.0.as_mut().expect("a lease holds its connection until it ends")
    }

    fn end<T>(mut self, answer: RedisResult<T>) -> Result<T, RedisFailure> {
        if !answer.as_ref().is_err_and(spoils_connection) {
            drop(self.0.take());
        }
        answer.map_err(RedisFailure::Command)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            tracing::debug!("closing a connection to redis that failed or timed out");
            drop(Connection::take(connection));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_checked_before_anything_is_built() {
        for url in ["http://127.0.0.1/", "redis://", "rediss://127.0.0.1/", "127.0.0.1:6379:1", ""]
        {
            assert!(Connections::new(&RedisConfig::new(url)).is_err(), "{url}");
        }
        assert!(Connections::new(&RedisConfig::new("redis://:secret@127.0.0.1:1/2")).is_ok());
    }

    #[tokio::test]
    async fn nobody_there_is_a_failure_at_once() {
        let connections = Connections::new(&RedisConfig::new("redis://127.0.0.1:1/"));
        let answer = connections.expect("valid").query::<String>(&redis::cmd("PING")).await;
        assert!(matches!(answer, Err(RedisFailure::Pool(_))), "{answer:?}");
    }
}
