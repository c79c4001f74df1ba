//! What Redis and PostgreSQL have in common: a folder, a port, a process that can be killed and
//! started again.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::eventually::holds_within;
use crate::ports::Port;
use crate::watchdog::Watchdog;

/// A slow disk replaying a long log is still no failure.
const START_LIMIT: Duration = Duration::from_mins(1);
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How one kind of server is run.
pub(crate) trait Kind: Send + Sync + 'static {
    /// Its name in messages and folder names.
    const NAME: &'static str;
    /// The signal that ends it at once, yet leaves nothing behind in the system.
    const STOP_SIGNAL: &'static str;
    /// How many ports it needs, one behind the other.
    fn ports(&self) -> u16 {
        1
    }
    /// What starts it in `folder` on `port`.
    fn command(&self, folder: &Path, port: u16) -> Command;
    /// Whether the process `pid`, and not another one on the same port, answers.
    fn is_ready(&self, folder: &Path, port: u16, pid: u32) -> bool;
}

pub(crate) struct Server<K: Kind> {
    kind: K,
    folder: PathBuf,
    port: Port,
    state: Mutex<State>,
}

struct State {
    process: Option<Child>,
    watchdog: Watchdog,
}

impl<K: Kind> Server<K> {
    /// Makes a folder, lets `prepare` fill it, and starts the server on a free port.
    pub(crate) fn start(kind: K, prepare: impl FnOnce(&K, &Path) -> Result<()>) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("einlass-{}-", K::NAME))
            .tempdir()
            .context("failed to make a temporary folder")?
            .keep();
        let watchdog = Watchdog::start(&folder, K::STOP_SIGNAL)?;
        // PostgreSQL runs as another user than root and must be able to enter.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        prepare(&kind, &folder)?;
        let state = Mutex::new(State { process: None, watchdog });
        let port = Port::reserve_row(kind.ports())?;
        let mut server = Self { kind, folder, port, state };
        let mut last_error = None;
        for _ in 0..5 {
            match server.launch() {
                Ok(()) => return Ok(server),
                Err(error) => last_error = Some(error),
            }
            // A program that is no test may have taken the port between the look and the start.
            server.port = Port::reserve_row(server.kind.ports())?;
        }
        Err(last_error.context("no attempt was made")?)
    }

    pub(crate) fn kind(&self) -> &K {
        &self.kind
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// Stops it and its children as a hung disk or a paused machine would: connections stay open,
    /// nothing is answered.
    pub(crate) fn freeze(&self) -> Result<()> {
        let state = self.state();
        let leader = state.process.as_ref().context("it does not run")?.id();
        // Stopped, it can start no further child while they are counted.
        signal("STOP", &[leader])?;
        signal("STOP", &children_of(leader)?)
    }

    /// Lets it go on; does nothing if it does not run.
    pub(crate) fn thaw(&self) -> Result<()> {
        let state = self.state();
        let Some(process) = state.process.as_ref() else { return Ok(()) };
        let leader = process.id();
        signal("CONT", &children_of(leader)?)?;
        signal("CONT", &[leader])
    }

    /// As a power cut would: `SIGKILL` for the process and all its children, at once.
    pub(crate) fn kill9(&self) -> Result<()> {
        let mut state = self.state();
        let Some(mut process) = state.process.take() else { return Ok(()) };
        state.watchdog.watch(None)?;
        if process.try_wait()?.is_some() {
            return Ok(());
        }
        let leader = process.id();
        // Stopped, it can start no further child while they are counted.
        signal("STOP", &[leader])?;
        let children = children_of(leader)?;
        // The leader first: it must not see its children die and begin to recover.
        process.kill().context("failed to kill the server")?;
        process.wait().context("failed to wait for the killed server")?;
        // Some have ended by themselves since; that is not an error.
        let _ = signal("KILL", &children);
        let gone = holds_within(STOP_LIMIT, || children.iter().all(|pid| !is_alive(*pid)));
        ensure!(gone, "children of {} survived SIGKILL: {children:?}", K::NAME);
        Ok(())
    }

    /// Ends it at once, in the way that leaves nothing behind in the system; returns when it has ended.
    pub(crate) fn stop_at_once(&self) -> Result<()> {
        let mut state = self.state();
        let Some(process) = &mut state.process else { return Ok(()) };
        signal(K::STOP_SIGNAL, &[process.id()])?;
        let ended = holds_within(STOP_LIMIT, || process.try_wait().is_ok_and(|end| end.is_some()));
        ensure!(ended, "{} runs on after {}", K::NAME, K::STOP_SIGNAL);
        state.process = None;
        state.watchdog.watch(None)
    }

    /// Whether it has neither been stopped nor ended by itself.
    pub(crate) fn is_running(&self) -> bool {
        let mut state = self.state();
        let process = state.process.as_mut();
        process.is_some_and(|process| process.try_wait().is_ok_and(|end| end.is_none()))
    }

    /// In how many lines of its log these words are.
    pub(crate) fn has_logged(&self, words: &str) -> usize {
        let log = fs::read_to_string(self.log_path()).unwrap_or_default();
        log.lines().filter(|line| line.contains(words)).count()
    }

    /// Starts it again on the same data and port, killing it first if it runs.
    pub(crate) fn restart(&self) -> Result<()> {
        self.kill9()?;
        self.launch()
    }

    fn launch(&self) -> Result<()> {
        let mut state = self.state();
        let log = OpenOptions::new().create(true).append(true).open(self.log_path())?;
        let mut process = self
            .kind
            .command(&self.folder, self.port())
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", K::NAME))?;
        let pid = process.id();
        state.watchdog.watch(Some(pid))?;
        let mut ended = None;
        let ready = holds_within(START_LIMIT, || {
            ended = process.try_wait().ok().flatten();
            ended.is_some() || self.kind.is_ready(&self.folder, self.port(), pid)
        });
        if ready && ended.is_none() {
            state.process = Some(process);
            return Ok(());
        }
        let _ = process.kill();
        let _ = process.wait();
        state.watchdog.watch(None)?;
        let what = ended.map_or_else(
            || format!("was not ready after {START_LIMIT:?}"),
            |status| format!("ended at once ({status})"),
        );
        bail!("{} on port {} {what}; its log ends with:\n{}", K::NAME, self.port(), self.log_end())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked while it held the lock must still be able to stop the server.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Kind> Drop for Server<K> {
    fn drop(&mut self) {
        let mut state = self.state();
        let Some(mut process) = state.process.take() else { return };
        let _ = signal(K::STOP_SIGNAL, &[process.id()]);
        let ended = holds_within(STOP_LIMIT, || process.try_wait().is_ok_and(|end| end.is_some()));
        if !ended {
            let _ = process.kill();
            let _ = process.wait();
        }
        // The watchdog, dropped next, has only the folder left to remove.
        let _ = state.watchdog.watch(None);
    }
}

/// Sends a signal through the shell's built-in `kill`: the library call is unsafe code.
fn signal(name: &str, pids: &[u32]) -> Result<()> {
    if pids.is_empty() {
        return Ok(());
    }
    let status = Command::new("/bin/sh")
        .args(["-c", r#"kill -s "$@""#, "kill", name])
        .args(pids.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status()
        .context("failed to run the shell")?;
    ensure!(status.success(), "failed to send {name} to {pids:?}: {status}");
    Ok(())
}

/// The direct children of a process.
fn children_of(parent: u32) -> Result<Vec<u32>> {
    if !Path::new("/proc/self/stat").exists() {
        let output = Command::new("pgrep").args(["-P", &parent.to_string()]).output()?;
        return Ok(String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| line.trim().parse().ok())
            .collect());
    }
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if stat(pid).is_some_and(|(_, its_parent)| its_parent == parent) {
            children.push(pid);
        }
    }
    Ok(children)
}

fn is_alive(pid: u32) -> bool {
    if Path::new("/proc/self/stat").exists() {
        stat(pid).is_some_and(|(state, _)| state != 'Z')
    } else {
        signal("0", &[pid]).is_ok()
    }
}

/// State and parent of a process. The command before them stands in brackets and may itself hold
/// spaces and brackets.
fn stat(pid: u32) -> Option<(char, u32)> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_command) = line.rsplit_once(')')?;
    let mut fields = after_command.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
