//! A real mail server for tests: `aiosmtpd`, a package of Python, driven by a few lines that say what it does with
//! which letter.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::eventually::holds_within;
use crate::python_packages::PythonPackages;

const SERVER: &str = include_str!("mail_server/server.py");
const PACKAGES: PythonPackages = PythonPackages {
    purpose: "mail-server",
    requirements: include_str!("mail_server/requirements.txt"),
    module: "aiosmtpd",
};

const START_LIMIT: Duration = Duration::from_mins(1);

/// A mail server on a port of 127.0.0.1. It goes away with its letters when the value is dropped or the process
/// ends.
///
/// `nobody@…` is refused, `later@…` is refused for now once, to letters for `hangs@…` nothing is said once they are
/// there; all others are taken.
pub struct MailServer {
    folder: TempDir,
    port: u16,
    process: Child,
    /// It ends when this is closed.
    _stdin: ChildStdin,
}

impl MailServer {
    /// Starts one; what is missing for it is fetched.
    pub fn start() -> Result<Self> {
        let python = PACKAGES.provision().context(
            "failed to set up the mail server of the tests, which needs the registry of Python once",
        )?;
        let folder = tempfile::Builder::new().prefix("einlass-mail-").tempdir()?;
        let script = folder.path().join("server.py");
        fs::write(&script, SERVER)?;
        let mut process = Command::new(python)
            .arg(&script)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .spawn()
            .context("failed to start the mail server")?;
        let stdin = process.stdin.take().context("it has no standard input")?;
        let port = folder.path().join("port");
        let started = holds_within(START_LIMIT, || port.exists());
        ensure!(started, "the mail server was not ready after {START_LIMIT:?}");
        let port = fs::read_to_string(port)?.trim().parse()?;
        Ok(Self { folder, port, process, _stdin: stdin })
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The letters that it has taken, in order.
    pub fn inbox(&self) -> Result<Vec<String>> {
        let folder = fs::read_dir(self.folder.path().join("inbox"))?;
        let mut paths: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let letters = paths.iter().map(|path| Ok(String::from_utf8(fs::read(path)?)?));
        letters.collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ = self.process.wait();
    }
}
