//! A private PostgreSQL.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, ensure};

use crate::disk::{Runner, SmallDisk};
use crate::install::is_root;
use crate::locate::{PostgresPrograms, locate_postgres};
use crate::server::{Kind, Server};
use crate::shared::unique_prefix;

/// A PostgreSQL server of the test's own, with `fsync` on. Dropping it stops it and removes its
/// data.
pub struct PostgresServer(Arc<Server<Postgres>>);

/// A server that answers nothing until this is dropped.
pub struct FrozenPostgres(Arc<Server<Postgres>>);

impl Drop for FrozenPostgres {
    fn drop(&mut self) {
        let _ = self.0.thaw();
    }
}

impl PostgresServer {
    /// Starts one and returns when it accepts connections.
    pub async fn start() -> Result<Self> {
        tokio::task::spawn_blocking(Self::start_blocking).await?
    }

    /// [`Self::start`] for code without a runtime.
    pub fn start_blocking() -> Result<Self> {
        Self::start_on(None)
    }

    /// Starts one whose data lies on a file system of its own, of so many MiB; a new cluster and its
    /// log take about 40. Needs Linux; the error says what is missing.
    pub async fn start_on_small_disk(mib: u32) -> Result<Self> {
        tokio::task::spawn_blocking(move || Self::start_on(Some(mib))).await?
    }

    fn start_on(disk_mib: Option<u32>) -> Result<Self> {
        let (programs, user) = (locate_postgres()?, user_to_run_as()?);
        let kind = Postgres { programs, user, disk_mib, disk: OnceLock::new() };
        Ok(Self(Arc::new(Server::start(kind, Postgres::make_cluster)?)))
    }

    /// The small disk it lies on, if it was started on one.
    #[must_use]
    pub fn disk(&self) -> Option<&SmallDisk> {
        self.0.kind().disk.get()
    }

    /// `postgres://postgres@127.0.0.1:<port>/<database>`; no password is asked for. The database
    /// `postgres` is always there.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.0.port())
    }

    /// The port it listens on; the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// Makes an empty database with a name of its own and returns its URL.
    pub async fn create_database(&self) -> Result<String> {
        let server = self.url("postgres");
        tokio::task::spawn_blocking(move || create_database_at(&server)).await?
    }

    /// Stops it as a hung disk or a paused machine would, with `SIGSTOP` for the postmaster and all
    /// its children: connections stay open, nothing is answered. It goes on when what this gives is
    /// dropped.
    pub fn freeze(&self) -> Result<FrozenPostgres> {
        // Also what is half frozen goes on.
        let frozen = FrozenPostgres(Arc::clone(&self.0));
        self.0.freeze().map(|()| frozen)
    }

    /// Kills it as a power cut would, with `SIGKILL` for the postmaster and all its children;
    /// returns when they are gone. Does nothing if it does not run.
    pub fn kill9(&self) -> Result<()> {
        self.0.kill9()
    }

    /// Ends it without a checkpoint, as `pg_ctl stop -m immediate` does; returns when it has ended.
    pub async fn stop_at_once(&self) -> Result<()> {
        let server = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || server.stop_at_once()).await?
    }

    /// Whether it has neither been stopped nor ended by itself, as one does that cannot write its log.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.is_running()
    }

    /// In how many lines of the server's log these words are.
    #[must_use]
    pub fn has_logged(&self, words: &str) -> usize {
        self.0.has_logged(words)
    }

    /// Starts it again on the same data and port (killing it first if it runs) and returns when it
    /// has recovered and accepts connections.
    pub async fn restart(&self) -> Result<()> {
        let server = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || server.restart()).await?
    }
}

/// Makes an empty database with a name of its own on the server of `server_url`; returns its URL,
/// which is the same but for the path.
pub(crate) fn create_database_at(server_url: &str) -> Result<String> {
    let name = unique_prefix();
    let url = with_database(server_url, &name)
        .with_context(|| format!("{server_url} is no postgres://host/database URL"))?;
    let output = Command::new(locate_postgres()?.program("psql"))
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", server_url])
        .args(["--command", &format!("CREATE DATABASE {name} TEMPLATE template0")])
        .stdin(Stdio::null())
        .output()
        .context("failed to run psql")?;
    ensure!(
        output.status.success(),
        "failed to create a database: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(url)
}

fn with_database(url: &str, database: &str) -> Option<String> {
    let (base, query) =
        url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let (scheme, rest) = base.split_once("://")?;
    let host = rest.split('/').next().filter(|host| !host.is_empty())?;
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    Some(format!("{scheme}://{host}/{database}{query}"))
}

/// PostgreSQL refuses to run as root: then it is the package's own user, or else nobody.
fn user_to_run_as() -> Result<Option<Runner>> {
    if !is_root() {
        return Ok(None);
    }
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| Some(Runner { uid: id("-u", name)?, gid: id("-g", name)? }))
        .map(Some)
        .context("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

fn id(option: &str, user: &str) -> Option<u32> {
    let output = Command::new("id").args([option, user]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

struct Postgres {
    programs: PostgresPrograms,
    user: Option<Runner>,
    /// The size of its disk, if it has one of its own.
    disk_mib: Option<u32>,
    disk: OnceLock<SmallDisk>,
}

impl Postgres {
    fn program(&self, name: &str) -> Command {
        let program = self.programs.program(name);
        let mut command = if let Some(disk) = self.disk.get() {
            disk.program(&program, self.user)
        } else {
            let mut command = Command::new(program);
            if let Some(user) = self.user {
                command.uid(user.uid).gid(user.gid);
            }
            command
        };
        command.env("LC_ALL", "C");
        command
    }

    fn make_cluster(&self, folder: &Path) -> Result<()> {
        let data = data_folder(folder);
        fs::create_dir(&data)?;
        if let Some(user) = self.user {
            chown(&data, Some(user.uid), Some(user.gid))?;
        }
        // Segments of the log are so small that a small disk holds several.
        let mut segments = None;
        if let Some(mib) = self.disk_mib {
            let disk = SmallDisk::mount(&data, mib, self.user)?;
            ensure!(self.disk.set(disk).is_ok(), "the disk has been mounted before");
            segments = Some("--wal-segsize=1");
        }
        // The empty cluster need not survive a power cut; what the server writes later must.
        let output = self
            .program("initdb")
            .arg("--pgdata")
            .arg(&data)
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .arg("--no-sync")
            .args(segments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .context("failed to run initdb")?;
        ensure!(
            output.status.success(),
            "initdb failed: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

impl Kind for Postgres {
    const NAME: &'static str = "postgres";
    /// Immediate shutdown: no checkpoint, but shared memory is given back.
    const STOP_SIGNAL: &'static str = "QUIT";

    fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = self.program("postgres");
        command.arg("-D").arg(data_folder(folder));
        for setting in [
            &format!("port={port}"),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "fsync=on",
            "synchronous_commit=on",
            "timezone=UTC",
            // In the folder, so that a killed server leaves none behind in /dev/shm.
            "dynamic_shared_memory_type=mmap",
        ] {
            command.args(["-c", setting]);
        }
        command
    }

    /// The postmaster writes its process id into the first line of its lock file and its status
    /// into the eighth.
    fn is_ready(&self, folder: &Path, _port: u16, pid: u32) -> bool {
        let data =
            self.disk.get().map_or_else(|| data_folder(folder), SmallDisk::path_from_outside);
        let lock = fs::read_to_string(data.join("postmaster.pid"));
        lock.is_ok_and(|lock| {
            let mut lines = lock.lines().map(str::trim);
            lines.next() == Some(pid.to_string().as_str()) && lines.nth(6) == Some("ready")
        })
    }
}

fn data_folder(folder: &Path) -> PathBuf {
    folder.join("data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_replaces_the_path_and_keeps_the_rest() {
        for (given, expected) in [
            ("postgres://u:p@h:1/postgres", Some("postgres://u:p@h:1/x")),
            ("postgres://h", Some("postgres://h/x")),
            ("postgres://h/a?sslmode=disable", Some("postgres://h/x?sslmode=disable")),
            ("postgres://", None),
            ("h/a", None),
        ] {
            assert_eq!(with_database(given, "x").as_deref(), expected, "{given}");
        }
    }
}
