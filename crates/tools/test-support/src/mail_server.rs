//! A real mail server for tests: `aiosmtpd`, a package of Python, driven by a few lines that say what it does with
//! which letter.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::eventually::holds_within;
use crate::python_packages::PythonPackages;
use crate::redis::TestAuthority;

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
/// `nobody@…` is refused, `later@…` is refused for now once, for `limit@…` the sender is refused twice, to letters
/// for `hangs@…` nothing is said once they are there; with all others it does what its [`MailServerMood`] says.
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

/// What a mail server does with a letter, where the receiver does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailServerMood {
    /// It takes it.
    Takes,
    /// It reads all of it and says nothing while the mood lasts, and does not take it.
    Hangs,
    /// It takes it, and says so when the mood has passed.
    Hesitates,
}

/// A letter that a mail server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenLetter {
    /// When, in milliseconds of Unix time.
    pub at_ms: i64,
    /// The whole text.
    pub text: String,
}

impl MailServer {
    /// Starts one that talks to everybody, in clear; what is missing for it is fetched.
    pub fn start() -> Result<Self> {
        Self::start_with(MailSecurity::None, None)
    }

    /// Starts one that is protected, and asks the user `einlass` for this password, if there is one.
    pub fn start_with(security: MailSecurity<'_>, password: Option<&str>) -> Result<Self> {
        let python = PACKAGES.provision().context(
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

    /// Changes what it does with letters from now on. It begins by taking them.
    pub fn set_mood(&self, mood: MailServerMood) -> Result<()> {
        let part = self.folder.path().join("mood.part");
        let word = match mood {
            MailServerMood::Takes => "takes",
            MailServerMood::Hangs => "hangs",
            MailServerMood::Hesitates => "hesitates",
        };
        fs::write(&part, word)?;
        fs::rename(part, self.folder.path().join("mood")).context("failed to set its mood")
    }

    /// The letter over which it hesitates, or has hesitated last.
    pub fn hesitates_over(&self) -> Result<Option<TakenLetter>> {
        match fs::read_to_string(self.folder.path().join("hesitates-over")) {
            Ok(name) => read_letter(&self.folder.path().join("inbox").join(name)).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("failed to read over which letter it hesitates"),
        }
    }

    /// The letters that it has taken, in order.
    pub fn inbox(&self) -> Result<Vec<String>> {
        Ok(self.taken()?.into_iter().map(|letter| letter.text).collect())
    }

    /// The same, with the times.
    pub fn taken(&self) -> Result<Vec<TakenLetter>> {
        let folder = fs::read_dir(self.folder.path().join("inbox"))?;
        let mut paths: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths.iter().map(|path| read_letter(path)).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read_letter(path: &Path) -> Result<TakenLetter> {
    let written = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH)?;
    let text = String::from_utf8(fs::read(path)?)?;
    Ok(TakenLetter { at_ms: i64::try_from(written.as_millis())?, text })
}
