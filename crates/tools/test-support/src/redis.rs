//! A private Redis.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::locate::locate_redis;
use crate::server::{Kind, Server};

/// A Redis server of the test's own, which loses no acknowledged write: `appendonly yes`,
/// `appendfsync always`, `noeviction`. Dropping it stops it and removes its data.
pub struct RedisServer(Arc<Server<Redis>>);

impl RedisServer {
    /// Starts one and returns when it answers.
    pub async fn start() -> Result<Self> {
        tokio::task::spawn_blocking(Self::start_blocking).await?
    }

    /// [`Self::start`] for code without a runtime.
    pub fn start_blocking() -> Result<Self> {
        let kind = Redis { program: locate_redis()? };
        Ok(Self(Arc::new(Server::start(kind, |_, _| Ok(()))?)))
    }

    /// `redis://127.0.0.1:<port>/`
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.0.port())
    }

    /// The port it listens on; the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port()
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
}

struct Redis {
    program: PathBuf,
}

impl Kind for Redis {
    const NAME: &'static str = "redis";
    const STOP_SIGNAL: &'static str = "KILL";

    fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .arg("--dir")
            .arg(folder)
            .args(["--appendonly", "yes", "--appendfsync", "always", "--save", ""])
            .args(["--maxmemory-policy", "noeviction", "--daemonize", "no"]);
        command
    }

    /// `PING` is refused while data is being loaded; `INFO` tells which process answers.
    fn is_ready(&self, _folder: &Path, port: u16, pid: u32) -> bool {
        ask(port).is_ok_and(|answer| {
            answer.starts_with("+PONG") && answer.contains(&format!("process_id:{pid}\r\n"))
        })
    }
}

fn ask(port: u16) -> std::io::Result<String> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    connection.write_all(b"PING\r\nINFO server\r\nQUIT\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}
