//! A real mail server for tests: `aiosmtpd`, a package of Python, driven by a few lines that say what it does with
//! which letter.
//!
//! No machine has it: it is fetched once by `pip`, pinned, into the target folder.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::api_tools::target_folder;
use crate::eventually::holds_within;
use crate::install::{provision_venv, run};
use crate::redis::TestAuthority;

const SERVER: &str = include_str!("mail_server/server.py");
const PACKAGES: &str = include_str!("mail_server/requirements.txt");

/// Written last.
const COMPLETE: &str = "complete";

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

/// How the connection to a mail server is protected.
#[derive(Clone, Copy)]
pub enum MailSecurity<'a> {
    /// Not.
    None,
    /// By TLS after `STARTTLS`, without which it takes nothing; its certificate is from this authority.
    StartTls(&'a TestAuthority),
    /// By TLS from the first byte.
    Tls(&'a TestAuthority),
}

impl MailServer {
    /// Starts one that talks to everybody, in clear; what is missing for it is fetched.
    pub fn start() -> Result<Self> {
        Self::start_with(MailSecurity::None, None)
    }

    /// Starts one that is protected, and asks the user `einlass` for this password, if there is one.
    pub fn start_with(security: MailSecurity<'_>, password: Option<&str>) -> Result<Self> {
        let python = provision().context(
            "failed to set up the mail server of the tests, which needs the registry of Python once",
        )?;
        let folder = tempfile::Builder::new().prefix("einlass-mail-").tempdir()?;
        let script = folder.path().join("server.py");
        fs::write(&script, SERVER)?;
        let name = match security {
            MailSecurity::None => "none",
            MailSecurity::StartTls(authority) => {
                authority.issue(folder.path())?;
                "starttls"
            }
            MailSecurity::Tls(authority) => {
                authority.issue(folder.path())?;
                "tls"
            }
        };
        let mut process = Command::new(python)
            .arg(&script)
            .arg(folder.path())
            .arg(name)
            .args(password)
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

    /// What was said to it that nobody should overhear, and in clear could: `AUTH` for who somebody is, `MAIL` for
    /// the beginning of a letter, in order.
    pub fn said(&self) -> Result<Vec<String>> {
        let said = self.folder.path().join("said");
        if !said.exists() {
            return Ok(Vec::new());
        }
        Ok(fs::read_to_string(said)?.lines().map(str::to_owned).collect())
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

/// A Python that has the packages. Of several processes that ask at once, one fetches and the others wait.
fn provision() -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    PACKAGES.hash(&mut hasher);
    let name = format!("{:016x}", hasher.finish());
    let folder = target_folder()?.join("mail-server").join(name);
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock().context("failed to wait for another process that fetches the packages")?;
    let python = folder.join("venv/bin/python");
    let starts = || Command::new(&python).args(["-c", "import aiosmtpd"]).status();
    if !(folder.join(COMPLETE).exists() && starts().is_ok_and(|status| status.success())) {
        fetch(&folder, &python)?;
        File::create(folder.join(COMPLETE))?;
    }
    Ok(python)
}

fn fetch(folder: &Path, python: &Path) -> Result<()> {
    let packages = folder.join("requirements.txt");
    fs::write(&packages, PACKAGES)?;
    let system = provision_venv()?;
    run(Command::new(system).args(["-m", "venv", "--clear"]).arg(folder.join("venv")))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
    run(Command::new(python).args(pip).arg("--requirement").arg(&packages))
}
