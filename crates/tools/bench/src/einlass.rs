//! The product as an operator runs it: a configuration, keys, campaigns, two services.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use loadtest::closed_loop::request_bytes;
use tempfile::TempDir;
use test_support::OneSlotCampaign;

use crate::campaigns::Campaign;
use crate::cores::Cores;
use crate::http::{self, Reply};
use crate::service::{Service, free_address};

/// An installation, its programs stopped.
pub struct Einlass {
    folder: TempDir,
    programs: PathBuf,
    cores: Cores,
    waiting_room: SocketAddr,
    booking: SocketAddr,
    /// Where the waiting room shows its metrics.
    pub metrics: SocketAddr,
}

/// Where an installation keeps what it knows.
pub struct Stores<'a> {
    /// The URL of Redis.
    pub redis: &'a str,
    /// What its keys there begin with.
    pub prefix: &'a str,
    /// The URL of the database.
    pub database: &'a str,
}

impl Einlass {
    /// Writes configuration and keys, and makes the tables.
    pub fn set_up(programs: &Path, cores: Cores, stores: &Stores<'_>) -> Result<Self> {
        let Stores { redis, prefix, database } = stores;
        let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
        let (waiting_room, booking, metrics) = (free_address()?, free_address()?, free_address()?);
        // One worker each: what is compared is what one core can do. All load comes from one address, so
        // no limit may count it.
        let config = format!(
            r#"[waiting_room]
listen = "{waiting_room}"
metrics_listen = "{metrics}"
workers = 1
store_url = "{redis}"
redis_key_prefix = "{prefix}"

[booking]
listen = "{booking}"
metrics_listen = ""
workers = 1
database_url = "{database}"
jwks = "http://{waiting_room}/.well-known/jwks.json"
signals_url = "http://{waiting_room}"

[limits]
join_per_minute = 0
redeem_per_minute = 0
ticket_redeem_per_minute = 0
"#
        );
        std::fs::write(folder.path().join("einlass.toml"), config)?;
        let einlass =
            Self { folder, programs: programs.to_owned(), cores, waiting_room, booking, metrics };
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

    fn start(&self, name: &str, core: usize, address: SocketAddr) -> Result<Service> {
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
    let postcode = OneSlotCampaign::POSTCODE;
    format!(r#"{{"residence":{{"postcode":"{postcode}"}}}}"#).into_bytes()
}
