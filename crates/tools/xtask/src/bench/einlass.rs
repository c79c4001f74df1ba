//! The product as an operator runs it: a configuration, keys, campaigns, two services.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use loadtest::closed_loop::request_bytes;
use tempfile::TempDir;

use super::campaigns::{Campaign, POSTCODE};
use super::cores::Cores;
use super::http::{self, Reply};
use super::service::{Service, free_address};

/// An installation, its programs stopped.
pub struct Einlass {
    folder: TempDir,
    programs: PathBuf,
    cores: Cores,
    waiting_room: std::net::SocketAddr,
    booking: std::net::SocketAddr,
}

impl Einlass {
    /// Writes configuration and keys, and makes the tables.
    pub fn set_up(programs: &Path, cores: Cores, redis: &str, database: &str) -> Result<Self> {
        let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
        let (waiting_room, booking) = (free_address()?, free_address()?);
        // One worker each: what is compared is what one core can do.
        let config = format!(
            r#"[waiting_room]
listen = "{waiting_room}"
metrics_listen = ""
workers = 1
store_url = "{redis}"

[booking]
listen = "{booking}"
metrics_listen = ""
workers = 1
database_url = "{database}"
jwks = "http://{waiting_room}/.well-known/jwks.json"
signals_url = "http://{waiting_room}"
"#
        );
        std::fs::write(folder.path().join("einlass.toml"), config)?;
        let einlass = Self { folder, programs: programs.to_owned(), cores, waiting_room, booking };
        einlass.call(&["keys", "generate"])?;
        einlass.call(&["migrate"])?;
        Ok(einlass)
    }

    /// Puts a campaign into force.
    pub fn apply(&self, campaign: Campaign<'_>) -> Result<()> {
        let file = format!("{}.toml", campaign.id);
        std::fs::write(self.folder.path().join(&file), campaign.to_toml())?;
        self.call(&["campaign", "apply", &file])
    }

    /// Starts the waiting room on a core.
    pub fn waiting_room(&self, core: usize) -> Result<Service> {
        self.start("waiting-room", core, self.waiting_room)
    }

    /// Starts the booking API on the core of the server under test.
    pub fn booking(&self) -> Result<Service> {
        self.start("booking", self.cores.server, self.booking)
    }

    /// Starts the plain server on the core of the server under test. It gives these replies under
    /// `/<name>`.
    pub fn plain(&self, replies: &[(&str, Reply)]) -> Result<Service> {
        let address = free_address()?;
        let folder = self.folder.path().join("replies");
        std::fs::create_dir_all(&folder)?;
        for (name, reply) in replies {
            let bytes = [reply.head.as_bytes(), &reply.body].concat();
            std::fs::write(folder.join(name), bytes)?;
        }
        let (first, _) = replies.first().context("a plain server needs replies")?;
        let program = self.programs.join("examples/plain");
        let mut command = self.cores.pinned(self.cores.server, &program);
        command.arg(address.to_string()).arg(&folder);
        let ready_path = format!("/{first}");
        Service::start(command, address, &ready_path, &self.folder.path().join("plain.log"))
    }

    fn start(&self, name: &str, core: usize, address: std::net::SocketAddr) -> Result<Service> {
        let mut command = self.cores.pinned(core, &self.programs.join("einlass"));
        command.args(["--config", "einlass.toml", name]).current_dir(&self.folder);
        Service::start(command, address, "/readyz", &self.folder.path().join(name))
    }

    fn call(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new(self.programs.join("einlass"))
            .args(["--config", "einlass.toml"])
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .context("failed to run einlass")?;
        ensure!(
            output.status.success(),
            "`einlass {}`: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(())
    }
}

/// What a citizen's browser sends to join. `path` is that of the room's tickets.
pub fn join_request(path: &str) -> Vec<u8> {
    request_bytes("POST", path, &JSON, &join_body())
}

/// Joins once.
pub fn join(room: &Service, path: &str) -> Result<Reply> {
    http::send(room.address, "POST", path, &JSON, &join_body())
}

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

fn join_body() -> Vec<u8> {
    format!(r#"{{"residence":{{"postcode":"{POSTCODE}"}}}}"#).into_bytes()
}
