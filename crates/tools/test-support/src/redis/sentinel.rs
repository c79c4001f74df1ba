//! A master, two replicas, and the three Sentinels that watch them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{RedisServer, RedisSetup, wire};
use crate::eventually::holds_within;
use crate::locate::locate_redis;
use crate::server::{Kind, Server};

const MASTER: &str = "mymaster";
/// A master that has not answered for so long is taken for dead: longer than a busy disk stalls it.
const DOWN_AFTER: Duration = Duration::from_secs(3);
const TOGETHER_LIMIT: Duration = Duration::from_secs(30);
const SERVERS: usize = 3;

/// A master, two replicas, and the three Sentinels that watch them. A master that is away for three seconds
/// is replaced within a few more.
pub struct RedisSentinels {
    servers: Vec<RedisServer>,
    sentinels: Vec<Arc<Server<Sentinel>>>,
}

impl RedisSentinels {
    /// Starts them and returns when everybody knows everybody. The master takes no write that no replica
    /// has heard of in the last 10 seconds.
    pub async fn start() -> Result<Self> {
        Self::start_with(RedisSetup::default()).await
    }

    /// The same with servers that are set up like this; the Sentinels share their users and encryption.
    pub async fn start_with(mut setup: RedisSetup) -> Result<Self> {
        setup.lines.push("min-replicas-to-write 1".to_owned());
        tokio::task::spawn_blocking(move || Self::start_blocking(&setup)).await?
    }

    fn start_blocking(setup: &RedisSetup) -> Result<Self> {
        let start = |_| RedisServer::start_with_blocking(setup.clone());
        let servers: Vec<RedisServer> = (0..SERVERS).map(start).collect::<Result<_>>()?;
        for replica in &servers[1..] {
            replica.replicate(&servers[0])?;
        }
        let is_replicated = || {
            servers[0]
                .ask("INFO replication")
                .is_ok_and(|info| info.matches("state=online").count() == SERVERS - 1)
        };
        ensure!(holds_within(TOGETHER_LIMIT, is_replicated), "the replicas do not come up");
        let port = servers[0].port();
        let sentinels: Vec<Arc<Server<Sentinel>>> = (0..SERVERS)
            .map(|_| {
                let kind = Sentinel { program: locate_redis()?, setup: setup.clone() };
                let prepare = |kind: &Sentinel, folder: &Path| kind.prepare(folder, port);
                Ok(Arc::new(Server::start(kind, prepare)?))
            })
            .collect::<Result<_>>()?;
        let fleet = Self { servers, sentinels };
        let is_watched = || fleet.sentinels.iter().all(|sentinel| is_complete(sentinel));
        ensure!(holds_within(TOGETHER_LIMIT, is_watched), "the Sentinels do not find each other");
        Ok(fleet)
    }

    /// `redis+sentinel://127.0.0.1:<port>,…/mymaster`, or `rediss+sentinel://…` with the authority.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self
            .sentinels
            .iter()
            .map(|sentinel| format!("127.0.0.1:{}", sentinel.port()))
            .collect();
        let hosts = hosts.join(",");
        match &self.sentinels[0].kind().setup.authority {
            Some(authority) => {
                format!("rediss+sentinel://{hosts}/{MASTER}?ca={}", authority.path().display())
            }
            None => format!("redis+sentinel://{hosts}/{MASTER}"),
        }
    }

    /// The servers, the first master first.
    #[must_use]
    pub fn servers(&self) -> &[RedisServer] {
        &self.servers
    }

    /// The server that the majority of the Sentinels names the master.
    pub fn master(&self) -> Result<&RedisServer> {
        let question = format!("SENTINEL GET-MASTER-ADDR-BY-NAME {MASTER}");
        let answers: Vec<String> = self
            .sentinels
            .iter()
            .filter_map(|sentinel| wire::ask(&socket(sentinel.folder()), &question).ok())
            .collect();
        let votes = |server: &RedisServer| {
            let port = format!("\r\n{}\r\n", server.port());
            answers.iter().filter(|answer| answer.contains(&port)).count()
        };
        let named = self.servers.iter().find(|server| votes(server) > SERVERS / 2);
        named.context("the Sentinels do not agree on a master")
    }

    /// Kills one of the Sentinels with `SIGKILL`.
    pub fn kill9_sentinel(&self, index: usize) -> Result<()> {
        self.sentinels[index].kill9()
    }
}

struct Sentinel {
    program: PathBuf,
    setup: RedisSetup,
}

impl Sentinel {
    fn prepare(&self, folder: &Path, master_port: u16) -> Result<()> {
        let down_after_ms = DOWN_AFTER.as_millis();
        let lines = [
            format!("sentinel monitor {MASTER} 127.0.0.1 {master_port} 2"),
            format!("sentinel down-after-milliseconds {MASTER} {down_after_ms}"),
            format!("sentinel failover-timeout {MASTER} {}", 2 * down_after_ms),
            format!("unixsocket {}", socket(folder).display()),
            format!("dir {}", folder.display()),
        ];
        std::fs::write(folder.join("sentinel.conf"), lines.join("\n") + "\n")?;
        if let Some(authority) = &self.setup.authority {
            authority.issue(folder)?;
        }
        Ok(())
    }
}

impl Kind for Sentinel {
    const NAME: &'static str = "sentinel";
    const STOP_SIGNAL: &'static str = "KILL";

    fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(folder.join("sentinel.conf")).args(["--sentinel", "--bind", "127.0.0.1"]);
        super::listen(&mut command, &self.setup, folder, port);
        command
    }

    fn is_ready(&self, folder: &Path, _port: u16, pid: u32) -> bool {
        wire::is_ready(&socket(folder), pid)
    }
}

/// Whether a Sentinel knows the two others and both replicas.
fn is_complete(sentinel: &Server<Sentinel>) -> bool {
    let question = format!("SENTINEL CKQUORUM {MASTER}\nSENTINEL REPLICAS {MASTER}");
    wire::ask(&socket(sentinel.folder()), &question).is_ok_and(|answer| {
        answer.starts_with("+OK 3 usable") && answer.matches("\r\nname\r\n").count() == SERVERS - 1
    })
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("sentinel.sock")
}
