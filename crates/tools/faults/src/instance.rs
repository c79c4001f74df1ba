//! One service as a process.

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Client;
use test_support::Port;

use crate::clock::{now, pause};
use crate::installation::Installation;
use crate::signal;
use crate::waits::ProcessId;

const READY_MAX: Duration = Duration::from_secs(30);
const END_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Which service a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    WaitingRoom,
    Booking,
}

impl Service {
    /// The command that runs it, which is the name of its logs too.
    const fn command(self) -> &'static str {
        match self {
            Self::WaitingRoom => "waiting-room",
            Self::Booking => "booking",
        }
    }

    /// The setting that says where it listens, as it is called in the environment.
    const fn listen(self) -> &'static str {
        match self {
            Self::WaitingRoom => "EINLASS__WAITING_ROOM__LISTEN",
            Self::Booking => "EINLASS__BOOKING__LISTEN",
        }
    }
}

/// A running service, or one that was stopped. Dropping it kills the process.
pub struct Instance {
    pub index: usize,
    service: Service,
    port: Port,
    program: PathBuf,
    folder: PathBuf,
    /// The library that shows it a clock of its own.
    clock: Option<PathBuf>,
    process: Option<Child>,
    process_id: ProcessId,
}

impl Instance {
    /// Not started yet. It will run with the configuration of that installation.
    pub fn new(service: Service, index: usize, port: Port, at: &Installation) -> Self {
        let (program, folder) = (at.program().to_owned(), at.folder().to_owned());
        Self {
            index,
            service,
            port,
            program,
            folder,
            clock: None,
            process: None,
            process_id: ProcessId::default(),
        }
    }

    /// Follows the process through its restarts.
    pub fn process_id(&self) -> ProcessId {
        ProcessId::clone(&self.process_id)
    }

    /// The id of its process; 0 if it has none.
    pub fn process_number(&self) -> u32 {
        self.process_id.load(Ordering::Relaxed)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number()))
    }

    /// Starts the process; it may not be ready yet.
    pub fn start(&mut self) -> Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = Command::new(&self.program);
        if let Some(library) = &self.clock {
            // Only the time of day is wrong, as on a machine whose clock was set badly.
            command
                .env("LD_PRELOAD", library)
                .env("FAKETIME_TIMESTAMP_FILE", self.clock_file())
                .env("FAKETIME_CACHE_DURATION", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let process = command
            .args(["--config", "einlass.toml", self.service.command()])
            .env(self.service.listen(), self.address().to_string())
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", command.get_program().display()))?;
        self.process_id.store(process.id(), Ordering::Relaxed);
        self.process = Some(process);
        Ok(())
    }

    /// Waits until `/readyz` says so; the error says what is missing.
    pub async fn until_ready(&mut self, client: &Client) -> Result<()> {
        let began = now();
        let mut missing = "it never answered".to_owned();
        while u128::from((now() - began).unsigned_abs()) < READY_MAX.as_millis() {
            ensure!(self.is_running(), "instance {} ended:\n{}", self.index, self.log_end());
            match client.get(format!("{}/readyz", self.url())).send().await {
                Ok(reply) if reply.status().is_success() => return Ok(()),
                Ok(reply) => missing = reply.text().await.unwrap_or_default(),
                Err(_) => {}
            }
            pause(LOOK_EVERY).await;
        }
        bail!("instance {} is not ready after {READY_MAX:?}: {missing}", self.index)
    }

    /// `SIGKILL`
    pub fn kill9(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.kill().context("failed to kill an instance")?;
        process.wait().context("failed to wait for a killed instance")?;
        Ok(())
    }

    /// `SIGTERM`, and waits for the end, which must be a success (P16).
    pub async fn stop(&mut self) -> Result<()> {
        let Some(process) = &mut self.process else { return Ok(()) };
        signal::send("TERM", process.id())?;
        let began = now();
        while u128::from((now() - began).unsigned_abs()) < END_MAX.as_millis() {
            if let Some(status) = process.try_wait()? {
                self.process = None;
                ensure!(status.success(), "instance {} ended with {status}", self.index);
                return Ok(());
            }
            pause(LOOK_EVERY).await;
        }
        bail!("instance {} runs on {END_MAX:?} after SIGTERM", self.index)
    }

    /// `SIGSTOP`, as a paused machine: connections stay open, nothing is answered.
    pub fn freeze(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| signal::send("STOP", process.id()))
    }

    /// Lets it go on.
    pub fn thaw(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| signal::send("CONT", process.id()))
    }

    /// Sets its clock so far off, such as `+1h`. One that runs already notices within a second, if its
    /// clock was set before it started.
    pub fn set_clock(&mut self, shift: &str) -> Result<()> {
        self.clock = Some(test_support::locate_faketime()?);
        std::fs::write(self.clock_file(), shift).context("failed to set the clock of an instance")
    }

    fn clock_file(&self) -> PathBuf {
        self.folder.join(format!("clock-{}", self.index))
    }

    pub fn is_running(&mut self) -> bool {
        self.process
            .as_mut()
            .is_some_and(|process| process.try_wait().is_ok_and(|end| end.is_none()))
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}-{}.log", self.service.command(), self.index))
    }

    fn log_end(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.kill9();
    }
}
