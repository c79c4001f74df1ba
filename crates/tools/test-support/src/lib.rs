//! Real Redis, PostgreSQL and mail servers and real proxies for tests, a receiver of what is posted to it ([`Receiver`]), the programs that read the API documents ([`ApiTools`]), any campaign file, and
//! the waiting for a condition.
//!
//! Knows none of the workspace's crates. Two ways to a server:
//!
//! - [`shared_redis_url`] and [`shared_postgres_database`] for ordinary tests: the servers that
//!   `cargo xtask test` has started, or one of this process's own. Each test takes its own
//!   [`unique_prefix`] or database and leaves the rest of the server alone: no `FLUSHALL`, no
//!   `CONFIG SET`.
//! - [`RedisServer::start`], [`RedisSentinels::start`], [`RedisCluster::start`] and
//!   [`PostgresServer::start`] for tests that kill and restart. They belong in a module or test
//!   binary named `own_servers`, which nextest runs one at a time.
//!
//! A private server listens on 127.0.0.1 on a [`Port`] of its own, syncs every write to disk as in
//! production, and goes away with its folder when the value is dropped or the process ends,
//! however it ends.

mod api_tools;
mod campaign;
mod checkout;
mod disk;
mod eventually;
mod install;
mod locate;
mod mail_server;
mod people;
mod ports;
mod postgres;
mod proxy;
mod python_packages;
mod receiver;
mod redis;
mod runtime;
mod server;
mod shared;
mod watchdog;
mod webhook_library;

pub use api_tools::ApiTools;
pub use campaign::OneSlotCampaign;
pub use checkout::{printed_by, read_checked_in, workspace_root};
pub use disk::SmallDisk;
pub use eventually::eventually;
pub use install::{provision, provision_faketime};
pub use locate::{
    ChromiumPrograms, PostgresPrograms, locate_chromium, locate_faketime, locate_haproxy,
    locate_nginx, locate_postgres, locate_python, locate_redis,
};
pub use mail_server::{MailSecurity, MailServer, MailServerMood, TakenLetter};
pub use people::family_name;
pub use ports::Port;
pub use postgres::{FrozenPostgres, PostgresServer};
pub use proxy::ProxyServer;
pub use receiver::{Delivered, Receiver, Reply};
pub use redis::{Frozen, RedisCluster, RedisSentinels, RedisServer, RedisSetup, TestAuthority};
pub use runtime::{Runtime, locate_jackson, provision_runtimes};
pub use shared::{
    POSTGRES_URL_VARIABLE, REDIS_URL_VARIABLE, shared_postgres_database, shared_redis_url,
    unique_prefix,
};
pub use webhook_library::provision_webhook_library;
