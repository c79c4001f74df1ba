//! What can be set about the way to Redis.

use std::path::PathBuf;
use std::time::Duration;

use super::address::RedisAddress;

/// Where Redis is, and how long it may take.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// Where it is.
    pub address: RedisAddress,
    /// What every key begins with.
    pub key_prefix: String,
    /// Connections at most, in a Cluster to each master. A trip serves a whole batch, so few are enough.
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
    pub fn new(address: RedisAddress) -> Self {
        Self {
            address,
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
}

/// Why connections cannot be set up, whether or not Redis is there.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file with the authorities cannot be read.
    #[error("failed to read the certificate authority {}", .0.display())]
    ReadAuthority(PathBuf, #[source] std::io::Error),
    /// The file holds no certificate.
    #[error("{} holds no certificate in PEM format", .0.display())]
    NoAuthority(PathBuf),
    /// The file holds what is no certificate.
    #[error("failed to use the certificate authority {}", .0.display())]
    Authority(PathBuf, #[source] redis::RedisError),
    /// The client refuses the address.
    #[error("failed to set up the redis client")]
    Client(#[source] redis::RedisError),
}
