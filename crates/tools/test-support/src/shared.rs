//! Servers that many tests share, each with a name or a database of its own.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::postgres::{PostgresServer, create_database_at};
use crate::redis::RedisServer;

/// Names the Redis that tests share; `cargo xtask test` sets it.
pub const REDIS_URL_VARIABLE: &str = "EINLASS_TEST_REDIS_URL";
/// Names the PostgreSQL that tests share, as a user who may create databases; `cargo xtask test`
/// sets it.
pub const POSTGRES_URL_VARIABLE: &str = "EINLASS_TEST_POSTGRES_URL";

// Never dropped; their watchdogs stop them when the process ends.
static OWN_REDIS: OnceLock<RedisServer> = OnceLock::new();
static OWN_POSTGRES: OnceLock<PostgresServer> = OnceLock::new();

/// The URL of a Redis for ordinary tests. Put [`unique_prefix`] into every key: others use it too.
///
/// # Panics
///
/// When there is none and none can be started; the message says what to install.
pub async fn shared_redis_url() -> String {
    if let Some(url) = variable(REDIS_URL_VARIABLE) {
        return url;
    }
    let start = || {
        RedisServer::start_blocking()
            .unwrap_or_else(|error| panic!("no Redis for tests: {error:#}"))
    };
    tokio::task::spawn_blocking(move || OWN_REDIS.get_or_init(start).url())
        .await
        .unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))
}

/// The URL of a fresh, empty PostgreSQL database for this test alone.
///
/// # Panics
///
/// When there is no server and none can be started; the message says what to install.
pub async fn shared_postgres_database() -> String {
    let start = || {
        PostgresServer::start_blocking()
            .unwrap_or_else(|error| panic!("no PostgreSQL for tests: {error:#}"))
    };
    tokio::task::spawn_blocking(move || {
        let server = variable(POSTGRES_URL_VARIABLE)
            .unwrap_or_else(|| OWN_POSTGRES.get_or_init(start).url("postgres"));
        create_database_at(&server)
            .unwrap_or_else(|error| panic!("no PostgreSQL database for a test: {error:#}"))
    })
    .await
    .unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))
}

/// A name no other test has, on this server or any: `t` and 24 of `0-9a-f`. It fits as a room, a
/// campaign, a key prefix or a database.
#[must_use]
pub fn unique_prefix() -> String {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    let random = RandomState::new().hash_one(std::process::id());
    format!("t{random:016x}{number:08x}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the home of the two variables of shared test servers"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_differ_and_fit_everywhere() {
        let many: std::collections::HashSet<String> = (0..1000).map(|_| unique_prefix()).collect();
        assert_eq!(many.len(), 1000);
        for prefix in many {
            assert_eq!(prefix.len(), 25);
            assert!(prefix.starts_with('t'));
            assert!(prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        }
    }
}
