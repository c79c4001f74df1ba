//! `SIGTERM` to a process.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Asks it to end, by the shell's built-in `kill`: the library call is unsafe code.
pub fn terminate(pid: u32) -> Result<()> {
    let status = Command::new("/bin/sh")
        .args(["-c", r#"kill -s TERM "$1""#, "kill", &pid.to_string()])
        .status()
        .context("failed to run the shell")?;
    ensure!(status.success(), "failed to send SIGTERM to {pid}: {status}");
    Ok(())
}
