//! Calls of cargo, and the tools beside it.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};

/// The version that is installed where none is; any from `.config/nextest.toml` on does.
const NEXTEST_VERSION: &str = "0.9.143";

/// What runs the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// cargo-nextest: each test in a process of its own, with a time limit.
    Nextest,
    /// `cargo test`, where nextest cannot be installed.
    Libtest,
}

/// Runs cargo at the root of the workspace.
pub struct Cargo {
    environment: Vec<(&'static str, String)>,
}

impl Cargo {
    pub fn new() -> Self {
        Self { environment: Vec::new() }
    }

    /// Sets a variable for all later calls.
    pub fn set(&mut self, name: &'static str, value: String) {
        self.environment.push((name, value));
    }

    /// Runs it; what it prints goes to the terminal.
    pub fn run(&self, arguments: &[&str]) -> Result<()> {
        let status = self.command(arguments).status().context("failed to run cargo")?;
        succeeded(arguments, status)
    }

    /// Runs it and hands every line of its standard output on besides printing it.
    pub fn run_watching_output(
        &self,
        arguments: &[&str],
        line: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let mut process = self
            .command(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to run cargo")?;
        let output = process.stdout.take().context("cargo's output is piped")?;
        copy_lines(output, std::io::stdout(), line)?;
        succeeded(arguments, process.wait()?)
    }

    /// Runs it and hands every line of its standard error on besides printing it.
    pub fn run_watching_errors(
        &self,
        arguments: &[&str],
        line: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let mut command = self.command(arguments);
        if std::io::stderr().is_terminal() {
            // Behind a pipe it would leave the colours away.
            command.env("CARGO_TERM_COLOR", "always");
        }
        let mut process = command.stderr(Stdio::piped()).spawn().context("failed to run cargo")?;
        let errors = process.stderr.take().context("cargo's errors are piped")?;
        copy_lines(errors, std::io::stderr(), line)?;
        succeeded(arguments, process.wait()?)
    }

    /// Builds `einlass` without optimisation; gives the program, which lies beside this one.
    pub fn build_einlass(&self) -> Result<PathBuf> {
        self.run(&["build", "--locked", "--package", "einlass", "--bin", "einlass"])?;
        let this_program = std::env::current_exe().context("failed to find this program")?;
        Ok(this_program.with_file_name("einlass"))
    }

    fn succeeds_silently(&self, arguments: &[&str]) -> bool {
        let mut command = self.command(arguments);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(root).stdin(Stdio::null());
        for name in variables_about_xtask() {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Makes sure of rustfmt, clippy and a test runner. Components come by rustup where it is there.
pub fn provision_tools(cargo: &Cargo) -> Result<Runner> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if cargo.succeeds_silently(&[subcommand, "--version"]) {
            continue;
        }
        let added = Command::new("rustup").args(["component", "add", component]).status();
        ensure!(
            added.is_ok_and(|status| status.success()),
            "cargo {subcommand} is missing; install the {component} of this Rust version"
        );
    }
    if cargo.succeeds_silently(&["nextest", "--version"]) {
        return Ok(Runner::Nextest);
    }
    println!("cargo-nextest is missing; installing version {NEXTEST_VERSION}, once");
    let install = ["install", "cargo-nextest", "--version", NEXTEST_VERSION, "--locked", "--debug"];
    match cargo.run(&install) {
        Ok(()) => Ok(Runner::Nextest),
        Err(error) => {
            println!("{error:#}; the tests run by `cargo test`, without time limits");
            Ok(Runner::Libtest)
        }
    }
}

fn succeeded(arguments: &[&str], status: ExitStatus) -> Result<()> {
    ensure!(status.success(), "`cargo {}`: {status}", arguments.join(" "));
    Ok(())
}

fn copy_lines(from: impl Read, mut to: impl Write, line: &mut dyn FnMut(&str)) -> Result<()> {
    let mut from = BufReader::new(from);
    let mut bytes = Vec::new();
    while from.read_until(b'\n', &mut bytes)? > 0 {
        to.write_all(&bytes)?;
        to.flush()?;
        line(&String::from_utf8_lossy(&bytes));
        bytes.clear();
    }
    Ok(())
}

/// What cargo has set for this program. A build script that reads one of them (ring's does) would be
/// run again, and all that depends on it compiled again, whenever cargo is called another way.
#[expect(clippy::disallowed_methods, reason = "decides what cargo inherits")]
fn variables_about_xtask() -> Vec<OsString> {
    let prefixes =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    let about_xtask = |name: &OsStr| {
        name.to_str().is_some_and(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
    };
    std::env::vars_os().map(|(name, _)| name).filter(|name| about_xtask(name)).collect()
}
