//! Private Redis servers.

mod authority;
mod cluster;
mod sentinel;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::Result;

pub use authority::TestAuthority;
pub use cluster::RedisCluster;
pub use sentinel::RedisSentinels;

use crate::locate::locate_redis;
use crate::server::{Kind, Server};

/// What a private Redis has that the usual one has not.
#[derive(Clone, Default)]
pub struct RedisSetup {
    /// It takes encrypted connections only, with a certificate for 127.0.0.1 and localhost by this authority.
    pub authority: Option<Arc<TestAuthority>>,
    /// ACL users, each as in `redis.conf`: `room on >geheim ~* +@all`. The default user stays what it is.
    pub users: Vec<String>,
    /// Further lines of `redis.conf`: `min-replicas-to-write 1`.
    pub lines: Vec<String>,
    /// Whether it can be part of a Cluster.
    pub is_cluster_node: bool,
}

/// A Redis server of the test's own, which loses no acknowledged write: `appendonly yes`,
/// `appendfsync always`, `noeviction`. Dropping it stops it and removes its data.
#[derive(Clone)]
pub struct RedisServer(Arc<Server<Redis>>);

impl RedisServer {
    /// Starts one and returns when it answers.
    pub async fn start() -> Result<Self> {
        Self::start_with(RedisSetup::default()).await
    }

    /// Starts one that is set up like this.
    pub async fn start_with(setup: RedisSetup) -> Result<Self> {
        tokio::task::spawn_blocking(|| Self::start_with_blocking(setup)).await?
    }

    /// [`Self::start`] for code without a runtime.
    pub fn start_blocking() -> Result<Self> {
        Self::start_with_blocking(RedisSetup::default())
    }

    fn start_with_blocking(setup: RedisSetup) -> Result<Self> {
        let kind = Redis { program: locate_redis()?, setup };
        Ok(Self(Arc::new(Server::start(kind, Redis::prepare)?)))
    }

    /// `redis://127.0.0.1:<port>/`, or `rediss://…` with the authority.
    #[must_use]
    pub fn url(&self) -> String {
        let port = self.0.port();
        match &self.0.kind().setup.authority {
            Some(authority) => {
                format!("rediss://127.0.0.1:{port}/?ca={}", authority.path().display())
            }
            None => format!("redis://127.0.0.1:{port}/"),
        }
    }

    /// `redis+unix://<socket>`, which works whatever the encryption.
    #[must_use]
    pub fn socket_url(&self) -> String {
        format!("redis+unix://{}", socket(self.0.folder()).display())
    }

    /// The port it listens on; the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// Sends it commands, one a line, as the default user; gives its replies as they come over the wire.
    pub fn ask(&self, commands: &str) -> Result<String> {
        Ok(wire::ask(&socket(self.0.folder()), commands)?)
    }

    /// Kills it with `SIGKILL`; returns when it is gone. Does nothing if it does not run.
    pub fn kill9(&self) -> Result<()> {
        self.0.kill9()
    }

    /// Starts it again on the same data and port (killing it first if it runs) and returns when it
    /// has loaded its data and answers.
    pub async fn restart(&self) -> Result<()> {
        let server = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || server.restart()).await?
    }

    /// Stops it as a hung disk or a paused machine would (`SIGSTOP`): connections stay open, nothing is
    /// answered. It goes on when what this gives is dropped.
    pub fn freeze(&self) -> Result<Frozen> {
        self.0.freeze()?;
        Ok(Frozen(self.clone()))
    }

    /// Makes it a replica of that server, which may be encrypted only if both have the same authority.
    pub fn replicate(&self, master: &Self) -> Result<()> {
        self.ask(&format!("REPLICAOF 127.0.0.1 {}", master.port())).map(drop)
    }

    /// Cuts a replica off from its master: it keeps what it has and learns nothing new.
    pub fn hold_back(&self) -> Result<()> {
        // Nobody listens on port 1.
        self.ask("REPLICAOF 127.0.0.1 1").map(drop)
    }

    /// Makes a replica a master, with the data that it has.
    pub fn promote(&self) -> Result<()> {
        self.ask("REPLICAOF NO ONE").map(drop)
    }

    /// The value of a field of `INFO`.
    pub fn info(&self, field: &str) -> Result<Option<String>> {
        let info = self.ask("INFO")?;
        let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        Ok(value.map(|value| value.trim_end().to_owned()))
    }
}

/// A server that answers nothing until this is dropped.
pub struct Frozen(RedisServer);

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = self.0.0.thaw();
    }
}

struct Redis {
    program: PathBuf,
    setup: RedisSetup,
}

impl Redis {
    /// The file is there for Redis and Sentinel to write the role into, so that it outlives a restart.
    fn prepare(&self, folder: &Path) -> Result<()> {
        std::fs::write(folder.join("redis.conf"), "")?;
        if let Some(authority) = &self.setup.authority {
            authority.issue(folder)?;
        }
        Ok(())
    }
}

impl Kind for Redis {
    const NAME: &'static str = "redis";
    const STOP_SIGNAL: &'static str = "KILL";

    fn ports(&self) -> u16 {
        if self.setup.is_cluster_node { 2 } else { 1 }
    }

    fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(folder.join("redis.conf")).args(["--bind", "127.0.0.1", "--dir"]).arg(folder);
        command.arg("--unixsocket").arg(socket(folder));
        command
            .args(["--appendonly", "yes", "--appendfsync", "always", "--save", ""])
            .args(["--maxmemory-policy", "noeviction", "--daemonize", "no"])
            .args(["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]);
        listen(&mut command, &self.setup, folder, port);
        if self.setup.is_cluster_node {
            let bus = (port + 1).to_string();
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus]);
        }
        for line in &self.setup.lines {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            command.arg(format!("--{name}")).arg(value);
        }
        command
    }

    /// `PING` is refused while data is being loaded; `INFO` tells which process answers.
    fn is_ready(&self, folder: &Path, _port: u16, pid: u32) -> bool {
        wire::is_ready(&socket(folder), pid)
    }
}

/// Where a server or a Sentinel listens, to whom, and with which encryption it speaks to the others.
fn listen(command: &mut Command, setup: &RedisSetup, folder: &Path, port: u16) {
    for user in &setup.users {
        command.arg("--user").args(user.split(' '));
    }
    let port = port.to_string();
    if setup.authority.is_none() {
        command.args(["--port", &port]);
        return;
    }
    command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
    command.args(["--tls-replication", "yes", "--tls-cluster", "yes"]);
    command.arg("--tls-ca-cert-file").arg(authority::ca(folder));
    command.arg("--tls-cert-file").arg(authority::certificate(folder));
    command.arg("--tls-key-file").arg(authority::key(folder));
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("redis.sock")
}
