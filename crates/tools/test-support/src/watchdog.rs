//! A shell that outlives this process just long enough to clear up after it.
//!
//! A test process may end by `SIGKILL`, and a static is never dropped; a server must not stay behind
//! in either case. The watchdog reads from a pipe whose other end only this process holds: at the end
//! of the pipe, however it came, it stops the server and removes the folder. It has a process group of
//! its own, so that Ctrl-C or nextest ending a test's group does not end it first.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result};

/// `$1` is the folder, `$2` the signal that ends the server; each line read is the server's new
/// process id, an empty one means that none runs. An orphan that nobody reaps stays visible to
/// `kill -0`, so the wait has an end.
const SCRIPT: &str = r#"
folder=$1 signal=$2 server=
while read -r line; do server=$line; done
if [ -n "$server" ]; then
    kill -s "$signal" "$server"
    tries=0
    while [ $tries -lt 60 ] && kill -0 "$server"; do sleep 0.05; tries=$((tries + 1)); done
    kill -s KILL "$server"
fi
rm -rf "$folder" || { sleep 1; rm -rf "$folder"; }
"#;

pub(crate) struct Watchdog {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    /// Watches over `folder`; `signal` (such as `QUIT`) is how its server is ended.
    pub(crate) fn start(folder: &Path, signal: &str) -> Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(folder)
            .arg(signal)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start the watchdog shell")?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    /// Tells which process to end, or that there is none at present.
    pub(crate) fn watch(&mut self, server: Option<u32>) -> Result<()> {
        let line = server.map_or_else(String::new, |pid| pid.to_string());
        let pipe = self.pipe.as_mut().context("the watchdog has been dismissed")?;
        writeln!(pipe, "{line}").context("failed to tell the watchdog")
    }
}

impl Drop for Watchdog {
    /// Closes the pipe and waits until all is cleared up.
    fn drop(&mut self) {
        self.pipe = None;
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_pipe_ends_the_server_and_removes_the_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder").keep();
        std::fs::write(folder.join("data"), "some").expect("the folder is writable");
        let mut server =
            Command::new("sleep").arg("1000").spawn().expect("sleep is on every system");
        let mut watchdog = Watchdog::start(&folder, "TERM").expect("a shell is on every system");
        watchdog.watch(Some(server.id())).expect("the watchdog listens");
        // Reaped by another thread, as init would after this process's death.
        let reaper = std::thread::spawn(move || server.wait());
        drop(watchdog);
        let end = reaper.join().expect("no panic").expect("the server can be waited for");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&end), Some(15));
        assert!(!folder.exists());
    }

    #[test]
    fn a_server_that_has_ended_is_no_longer_its_business() {
        let folder = tempfile::tempdir().expect("a temporary folder").keep();
        let mut other =
            Command::new("sleep").arg("1000").spawn().expect("sleep is on every system");
        let mut watchdog = Watchdog::start(&folder, "KILL").expect("a shell is on every system");
        watchdog.watch(Some(other.id())).expect("the watchdog listens");
        watchdog.watch(None).expect("the watchdog listens");
        drop(watchdog);
        assert!(!folder.exists());
        assert!(other.try_wait().expect("it can be asked").is_none(), "it was killed");
        other.kill().expect("it can be killed");
        other.wait().expect("it can be waited for");
    }
}
