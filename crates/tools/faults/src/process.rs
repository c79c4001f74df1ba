//! One process of the product.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::clock::{now, pause};
use crate::installation::Installation;
use crate::signal;
use crate::waits::ProcessId;

const END_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running process, or one that was stopped. Dropping it kills the process.
pub struct Process {
    command: &'static str,
    /// What its logs are called, and it itself where something is wrong.
    name: String,
    program: PathBuf,
    folder: PathBuf,
    /// Settings of its own, as they are called in the environment.
    settings: Vec<(&'static str, String)>,
    /// The library that shows it a clock of its own.
    clock: Option<PathBuf>,
    running: Option<Child>,
    id: ProcessId,
}

/// How a process has ended that nobody had asked to.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// What it said since it was started.
    pub said: String,
}

impl Process {
    /// Not started yet. It will run that command with the configuration of that installation; `index` tells
    /// it from others of the same command.
    pub fn new(command: &'static str, index: usize, at: &Installation) -> Self {
        Self {
            command,
            name: format!("{command}-{index}"),
            program: at.program().to_owned(),
            folder: at.folder().to_owned(),
            settings: Vec::new(),
            clock: None,
            running: None,
            id: ProcessId::default(),
        }
    }

    /// Gives it a value of its own for a setting, as that is called in the environment.
    pub fn set(&mut self, setting: &'static str, value: String) {
        self.settings.retain(|(known, _)| *known != setting);
        self.settings.push((setting, value));
    }

    /// Follows the process through its restarts.
    pub fn process_id(&self) -> ProcessId {
        ProcessId::clone(&self.id)
    }

    /// The id of its process; 0 if it has none.
    pub fn process_number(&self) -> u32 {
        self.id.load(Ordering::Relaxed)
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
        let running = command
            .args(["--config", "einlass.toml", self.command])
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", command.get_program().display()))?;
        self.id.store(running.id(), Ordering::Relaxed);
        self.running = Some(running);
        Ok(())
    }

    /// Waits until it has said these words so many times, those before its restarts counted.
    pub async fn until_said(&mut self, words: &str, times: usize, within: Duration) -> Result<()> {
        let began = now();
        while self.times_said(words) < times {
            ensure!(self.is_running(), "{} ended:\n{}", self.name, self.log_end());
            let waited_ms = u128::from((now() - began).unsigned_abs());
            let missing = || format!("{} never said: {words}\n{}", self.name, self.log_end());
            ensure!(waited_ms < within.as_millis(), missing());
            pause(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// How often it has said these words, those before its restarts counted.
    pub fn times_said(&self, words: &str) -> usize {
        self.said().matches(words).count()
    }

    /// Starts it, and waits until it has ended by itself.
    pub async fn start_in_vain(&mut self) -> Result<Ended> {
        let said_before = self.said().len();
        self.start()?;
        let status = self.until_ended().await?;
        Ok(Ended { status, said: self.said().split_off(said_before) })
    }

    async fn until_ended(&mut self) -> Result<ExitStatus> {
        let Some(running) = &mut self.running else { bail!("{} does not run", self.name) };
        let began = now();
        while u128::from((now() - began).unsigned_abs()) < END_MAX.as_millis() {
            if let Some(status) = running.try_wait()? {
                self.running = None;
                return Ok(status);
            }
            pause(LOOK_EVERY).await;
        }
        bail!("{} runs on after {END_MAX:?}", self.name)
    }

    /// `SIGKILL`
    pub fn kill9(&mut self) -> Result<()> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        running.kill().context("failed to kill a process")?;
        running.wait().context("failed to wait for a killed process")?;
        Ok(())
    }

    /// `SIGTERM`, and waits for the end, which must be a success (P16).
    pub async fn stop(&mut self) -> Result<()> {
        let Some(running) = &self.running else { return Ok(()) };
        signal::send("TERM", running.id())?;
        let status = self.until_ended().await.context("it was sent SIGTERM")?;
        ensure!(status.success(), "{} ended with {status}", self.name);
        Ok(())
    }

    /// `SIGSTOP`, as a paused machine: connections stay open, nothing is answered.
    pub fn freeze(&self) -> Result<()> {
        self.running.as_ref().map_or(Ok(()), |running| signal::send("STOP", running.id()))
    }

    /// Lets it go on.
    pub fn thaw(&self) -> Result<()> {
        self.running.as_ref().map_or(Ok(()), |running| signal::send("CONT", running.id()))
    }

    /// Sets its clock so far off, such as `+1h`. One that runs already notices within a second, if its
    /// clock was set before it started.
    pub fn set_clock(&mut self, shift: &str) -> Result<()> {
        self.clock = Some(test_support::locate_faketime()?);
        std::fs::write(self.clock_file(), shift).context("failed to set the clock of a process")
    }

    fn clock_file(&self) -> PathBuf {
        self.folder.join(format!("clock-{}", self.name))
    }

    pub fn is_running(&mut self) -> bool {
        self.running
            .as_mut()
            .is_some_and(|running| running.try_wait().is_ok_and(|end| end.is_none()))
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The last that it has said.
    pub fn log_end(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill9();
    }
}
