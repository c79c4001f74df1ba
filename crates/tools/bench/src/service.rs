//! Processes: started, watched and ended.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{cpu, http};

const START_LIMIT: Duration = Duration::from_secs(30);
const POLL_EVERY: Duration = Duration::from_millis(20);

/// A running process; dropping it ends it.
pub struct Process(Child);

/// A running server.
pub struct Service {
    pub address: SocketAddr,
    process: Process,
}

impl Process {
    /// Starts `command`, whose output goes to `log`.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let output = File::create(log)?;
        let process = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("failed to start {command:?}"))?;
        Ok(Self(process))
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }
}

impl Service {
    /// Starts `command`, whose output goes to `log`, and waits until `ready_path` answers 200.
    pub fn start(
        command: Command,
        address: SocketAddr,
        ready_path: &str,
        log: &Path,
    ) -> Result<Self> {
        let name = format!("{command:?}");
        let mut service = Self { address, process: Process::start(command, log)? };
        let mut ended = None;
        let is_ready = holds_within(START_LIMIT, || {
            ended = service.process.ended();
            ended.is_some() || http::get(address, ready_path).is_ok_and(|reply| reply.status == 200)
        });
        if is_ready && ended.is_none() {
            return Ok(service);
        }
        let log = std::fs::read_to_string(log).unwrap_or_default();
        let end: Vec<&str> = log.lines().rev().take(20).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        bail!("{name} is not ready; its log ends with:\n{}", end.join("\n"))
    }

    /// The memory it occupies now, in bytes.
    pub fn resident_bytes(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id()))?;
        resident_bytes(&status).context("the status of a process names no VmRSS")
    }

    /// The processor time it has used so far, in seconds.
    pub fn cpu_s(&self) -> Result<f64> {
        cpu::of_process_s(self.process.0.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `VmRSS:      1234 kB`
fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024.0)
}

/// A local address that is free now.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Lets time pass.
#[expect(
    clippy::disallowed_methods,
    reason = "a measurement of what happens while nothing is asked"
)]
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Whether `condition` came true within `limit`.
#[expect(clippy::disallowed_methods, reason = "waits for another process, outside any runtime")]
pub fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let looks = limit.as_millis() / POLL_EVERY.as_millis();
    for _ in 0..looks {
        if condition() {
            return true;
        }
        std::thread::sleep(POLL_EVERY);
    }
    condition()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_memory_is_read() {
        let status = "VmHWM:\t   20480 kB\nVmRSS:\t    2048 kB\nRssAnon:\t 1024 kB\n";
        assert_eq!(resident_bytes(status), Some(2_097_152.0));
        assert_eq!(resident_bytes("VmHWM:\t   20480 kB\n"), None);
    }
}
