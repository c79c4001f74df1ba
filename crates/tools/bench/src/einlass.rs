//! The product as an operator runs it: a configuration, keys, campaigns, two services.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use loadtest::closed_loop::request_bytes;
use tempfile::TempDir;
use test_support::OneSlotCampaign;

use crate::campaigns::Campaign;
use crate::cores::Place;
use crate::http::{self, Reply};
use crate::service::{Process, Service, free_address};

/// An installation, its programs stopped.
pub struct Einlass {
    folder: TempDir,
    programs: PathBuf,
    waiting_room: SocketAddr,
    booking: SocketAddr,
    /// Where the waiting room shows its metrics.
    pub metrics: SocketAddr,
}

/// What installations differ in.
pub struct Setup<'a> {
    /// What its keys in Redis begin with.
    pub prefix: &'a str,
    /// The URL of the database.
    pub database: &'a str,
    /// Threads of each service; 0 means one for each processor, as it is shipped.
    pub workers: u32,
    /// Further tables of its configuration.
    pub further: &'a str,
}

impl Einlass {
    /// Writes configuration and keys, and makes the tables. `redis` is its URL.
    pub fn set_up(programs: &Path, redis: &str, setup: &Setup<'_>) -> Result<Self> {
        let Setup { prefix, database, workers, further } = setup;
        let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
        let (waiting_room, booking, metrics) = (free_address()?, free_address()?, free_address()?);
        // All load comes from one address, so no limit may count it.
        let config = format!(
            r#"[waiting_room]
listen = "{waiting_room}"
metrics_listen = "{metrics}"
workers = {workers}
store_url = "{redis}"
redis_key_prefix = "{prefix}"
streams_max = 1000000
streams_per_address_max = 1000000

[booking]
listen = "{booking}"
metrics_listen = ""
workers = {workers}
database_url = "{database}"
jwks = "http://{waiting_room}/.well-known/jwks.json"
signals_url = "http://{waiting_room}"

[limits]
join_per_minute = 0
redeem_per_minute = 0
ticket_redeem_per_minute = 0

{further}"#
        );
        std::fs::write(folder.path().join("einlass.toml"), config)?;
        let einlass =
            Self { folder, programs: programs.to_owned(), waiting_room, booking, metrics };
        einlass.call(&["keys", "generate"])?;
        einlass.call(&["migrate"])?;
        Ok(einlass)
    }

    /// Puts a campaign into force.
    pub fn apply(&self, campaign: &Campaign<'_>) -> Result<()> {
        self.apply_file(campaign.id, &campaign.to_toml())
    }

    /// The same with the text of a campaign file.
    pub fn apply_file(&self, id: &str, toml: &str) -> Result<()> {
        let file = format!("{id}.toml");
        std::fs::write(self.folder.path().join(&file), toml)?;
        self.call(&["campaign", "apply", &file])
    }

    /// Tells everybody in a room something.
    pub fn tell(&self, room: &str, text: &str) -> Result<()> {
        self.call(&["room", "set", room, "--message-de", text, "--message-en", text])
    }

    /// How many a room lets in a minute, and at once.
    pub fn set_pace(&self, room: &str, per_minute: u32, burst: u32) -> Result<()> {
        let (per_minute, burst) = (per_minute.to_string(), burst.to_string());
        self.call(&["room", "set", room, "--pace-per-minute", &per_minute, "--burst", &burst])
    }

    /// Starts the waiting room.
    pub fn waiting_room(&self, place: Place) -> Result<Service> {
        self.start("waiting-room", place, self.waiting_room)
    }

    /// Starts the booking API.
    pub fn booking(&self, place: Place) -> Result<Service> {
        self.start("booking", place, self.booking)
    }

    /// Starts a process that sends letters.
    pub fn mail_worker(&self, number: u32) -> Result<Process> {
        let mut command = Command::new(self.programs.join("einlass"));
        command.args(["--config", "einlass.toml", "worker"]).current_dir(&self.folder);
        Process::start(command, &self.folder.path().join(format!("worker-{number}.log")))
    }

    /// Starts the plain server, with one worker. It gives the same bytes as these
    /// replies under `/<name>`.
    pub fn plain(&self, place: Place, replies: &[(&str, Reply)]) -> Result<Service> {
        let address = free_address()?;
        let folder = self.folder.path().join("replies");
        std::fs::create_dir_all(&folder)?;
        for (name, reply) in replies {
            let bytes = [reply.head.as_bytes(), &reply.body].concat();
            std::fs::write(folder.join(name), bytes)?;
        }
        let (first, _) = replies.first().context("a plain server needs replies")?;
        let program = self.programs.join("examples/plain");
        let mut command = place.command(&program);
        command.arg(address.to_string()).arg(&folder);
        let ready_path = format!("/{first}");
        let log = self.folder.path().join("plain.log");
        let plain = Service::start(command, address, &ready_path, &log)?;
        for (name, expected) in replies {
            let given = http::get(address, &format!("/{name}"))?;
            ensure!(
                given.comparable() == expected.comparable(),
                "the plain server does not give the same bytes for {name}:\n{}instead of\n{}",
                given.head,
                expected.head
            );
        }
        Ok(plain)
    }

    fn start(&self, name: &str, place: Place, address: SocketAddr) -> Result<Service> {
        let mut command = place.command(&self.programs.join("einlass"));
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
