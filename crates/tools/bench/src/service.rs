//! A server process: started, watched and ended.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::http;

const START_LIMIT: Duration = Duration::from_secs(30);
const POLL_EVERY: Duration = Duration::from_millis(20);
/// Linux reports processor time in this unit on every architecture (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server; dropping it ends it.
pub struct Service {
    pub address: SocketAddr,
    process: Child,
}

impl Service {
    /// Starts `command`, whose output goes to `log`, and waits until `ready_path` answers 200.
    pub fn start(
        mut command: Command,
        address: SocketAddr,
        ready_path: &str,
        log: &Path,
    ) -> Result<Self> {
        let output = File::create(log)?;
        let process = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("failed to start {command:?}"))?;
        let mut service = Self { address, process };
        let mut ended = None;
        let is_ready = holds_within(START_LIMIT, || {
            ended = service.process.try_wait().ok().flatten();
            ended.is_some() || http::get(address, ready_path).is_ok_and(|reply| reply.status == 200)
        });
        if is_ready && ended.is_none() {
            return Ok(service);
        }
        let log = std::fs::read_to_string(log).unwrap_or_default();
        let end: Vec<&str> = log.lines().rev().take(20).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        bail!("{command:?} is not ready; its log ends with:\n{}", end.join("\n"))
    }

    /// The processor time it has used so far, in seconds.
    pub fn cpu_s(&self) -> Result<f64> {
        cpu_s(&PathBuf::from(format!("/proc/{}/stat", self.process.id())))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The processor time this process has used so far, in seconds.
pub fn own_cpu_s() -> Result<f64> {
    cpu_s(Path::new("/proc/self/stat"))
}

fn cpu_s(stat: &Path) -> Result<f64> {
    let stat = std::fs::read_to_string(stat).context("failed to read the processor time")?;
    ticks(&stat).map(|ticks| f64::from(ticks) / TICKS_PER_SECOND).context("an unreadable stat")
}

/// User and system time. The command before them stands in brackets and may hold spaces.
fn ticks(stat: &str) -> Option<u32> {
    let (_, after_command) = stat.rsplit_once(')')?;
    let mut times = after_command.split_whitespace().skip(11).map(str::parse::<u32>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
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
    fn the_times_stand_behind_the_command() {
        let stat = "12 (a b) c) S 1 12 12 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 5000 1 2";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("12 (a) S 1"), None);
    }
}
