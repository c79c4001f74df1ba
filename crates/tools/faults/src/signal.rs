//! Signals to a process.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Sends one, such as `TERM`, by the shell's built-in `kill`: the library call is unsafe code.
pub fn send(signal: &str, pid: u32) -> Result<()> {
    let status = Command::new("/bin/sh")
        .args(["-c", r#"kill -s "$1" "$2""#, "kill", signal, &pid.to_string()])
        .status()
        .context("failed to run the shell")?;
    ensure!(status.success(), "failed to send {signal} to {pid}: {status}");
    Ok(())
}
